"""The model zoo: recipes in, checked and quantised networks out. What is built and in which order."""

import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

BASE = Path(workflow.current_basedir)
sys.path.insert(0, str(BASE))

from converters import colours, memory, outlook  # noqa: E402  (after the path is set)
from converters.environments.table import ENVIRONMENTS  # noqa: E402
from converters.further import Further  # noqa: E402
from converters.plan import Plan  # noqa: E402
from converters.targets.table import TARGETS  # noqa: E402

colours.obey_no_color()


configfile: BASE / "config.yaml"


PLAN = Plan.load(config)
FURTHER = Further(PLAN)
# a job on a cluster's node has nobody to share a worker with
shell.prefix(PLAN.shell_prefix(BASE, Path(sys.executable), workers=workflow.is_main_process))


wildcard_constraints:
    model=r"[a-z0-9][a-z0-9_.-]*",
    variant=r"[A-Za-z0-9][A-Za-z0-9_.-]*",
    key=r"[A-Za-z0-9_-]+",
    kind="float32|float16|weight_only|dynamic|int8|full_int8|full_uint8|int16x8",
    format="frozen_pb|h5|keras|weights_and_json",
    target="|".join(TARGETS),
    environment=f"({'|'.join(ENVIRONMENTS)})-[0-9a-f]+",
    artifact="saved_model|ir|frozen_pb|h5|keras|weights_and_json"
    "|float32|float16|weight_only|dynamic|int8|full_int8|full_uint8|int16x8|" + "|".join(TARGETS),


# on a cluster these stay here: they are light, and nodes often reach no network
localrules:
    zoo,
    all,
    check,
    download,
    report,
    package,
    release,
    site,
    targets,
    environments,
    environment,
    target_report,


rule zoo:
    default_target: True
    input:
        packages=PLAN.embedded_packages,


rule all:
    input:
        packages=PLAN.all_packages,


include: "rules/check.smk"
include: "rules/download.smk"
include: "rules/export.smk"
include: "rules/surgery.smk"
include: "rules/simplify.smk"
include: "rules/mo.smk"
include: "rules/tf.smk"
include: "rules/quantize.smk"
include: "rules/formats.smk"
include: "rules/targets.smk"
include: "rules/edgetpu.smk"
include: "rules/verify.smk"
include: "rules/package.smk"
include: "rules/release.smk"
include: "rules/site.smk"


memory.bound(workflow)


onstart:
    PLAN.hold_folder()
    outlook.tell(PLAN, workflow.cores or 1)


onsuccess:
    shell(PLAN.room_command)
    shell(PLAN.summary_command)


onerror:
    shell(PLAN.summary_command)
