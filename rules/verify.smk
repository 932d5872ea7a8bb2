"""verify: every artefact in a fresh interpreter, beside the source model, on samples it never saw."""


rule reference:
    input:
        wanted=PLAN.wanted("reference"),
        origin=PLAN.reference_origin,
    output:
        samples="results/{model}/{variant}/reference.npz",
        facts="results/{model}/{variant}/facts/reference.json",
    log:
        "logs/{model}/{variant}/reference.log",
    benchmark:
        "logs/{model}/{variant}/reference.tsv"
    resources:
        mem_mb=PLAN.memory("reference"),
    params:
        models=PLAN.models,
        origin=PLAN.reference_option,
    message:
        "{wildcards.model}/{wildcards.variant}: run the source model"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} {params.origin} --out {output.samples}"
        " --facts {output.facts}"
        " > {log} 2>&1"


rule lint:
    input:
        wanted=PLAN.wanted("lint"),
        tflite="results/{model}/{variant}/float32.tflite",
        interface=rules.tf.output.interface,
        reference=rules.reference.output.samples,
        data=PLAN.lint_folders,
    output:
        facts="results/{model}/{variant}/facts/lint.json",
    log:
        "logs/{model}/{variant}/lint.log",
    benchmark:
        "logs/{model}/{variant}/lint.tsv"
    resources:
        mem_mb=PLAN.memory("lint"),
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: look for what 8 bits will spoil"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --sources sources/{wildcards.model}"
        " --path {input.tflite} --interface {input.interface}"
        " --reference {input.reference} --facts {output.facts}"
        " > {log} 2>&1"


rule layers:
    input:
        wanted=PLAN.wanted("layers"),
        tflite="results/{model}/{variant}/{kind}.tflite",
        twin="results/{model}/{variant}/float32.tflite",
        interface=rules.tf.output.interface,
        reference=rules.reference.output.samples,
        reference_facts=rules.reference.output.facts,
    output:
        table="results/{model}/{variant}/layers/{kind}.json",
        picture="results/{model}/{variant}/layers/{kind}.png",
    log:
        "logs/{model}/{variant}/layers-{kind}.log",
    benchmark:
        "logs/{model}/{variant}/layers-{kind}.tsv"
    resources:
        mem_mb=PLAN.memory("layers"),
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: layers of {wildcards.kind}.tflite"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --artifact {wildcards.kind} --path {input.tflite}"
        " --float {input.twin} --interface {input.interface}"
        " --reference {input.reference} --reference-facts {input.reference_facts}"
        " --out {output.table} --picture {output.picture}"
        " > {log} 2>&1"


rule verify:
    input:
        wanted=PLAN.wanted("verify"),
        artifact=PLAN.artifact,
        interface=rules.tf.output.interface,
        reference=rules.reference.output.samples,
        reference_facts=rules.reference.output.facts,
        data=PLAN.evaluation_folders,
        losses=PLAN.losses.files,
    output:
        evidence="results/{model}/{variant}/verify/{artifact}.json",
        outputs="results/{model}/{variant}/verify/{artifact}.npz",
    log:
        "logs/{model}/{variant}/verify-{artifact}.log",
    benchmark:
        "logs/{model}/{variant}/verify-{artifact}.tsv"
    resources:
        mem_mb=PLAN.memory("verify"),
    params:
        models=PLAN.models,
        losses=PLAN.losses.option,
    message:
        "{wildcards.model}/{wildcards.variant}: verify {wildcards.artifact}"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --sources sources/{wildcards.model}"
        " --artifact {wildcards.artifact} --path {input.artifact}"
        " --interface {input.interface} --reference {input.reference}"
        " --reference-facts {input.reference_facts} {params.losses}"
        " --out {output.evidence} --outputs {output.outputs}"
        " > {log} 2>&1"


rule pictures:
    input:
        wanted=PLAN.wanted("pictures"),
        reference=rules.reference.output.samples,
        outputs=PLAN.verified("npz"),
    output:
        folder=report(
            directory("results/{model}/{variant}/pictures"),
            patterns=["{name,sheet}.png"],
            caption="captions/pictures.rst",
            category="Pictures",
            subcategory="{model}",
            labels={"variant": "{variant}"},
        ),
    log:
        "logs/{model}/{variant}/pictures.log",
    benchmark:
        "logs/{model}/{variant}/pictures.tsv"
    resources:
        mem_mb=PLAN.memory("pictures"),
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: draw pictures"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --reference {input.reference} --outputs {input.outputs}"
        " --out {output.folder}"
        " > {log} 2>&1"
