"""package: one folder per variant: the artefacts, the report on them, and a manifest."""


rule report:
    input:
        wanted=PLAN.wanted("report"),
        evidence=PLAN.verified("json"),
        facts=PLAN.facts,
    output:
        report=report(
            "results/{model}/{variant}/report.json",
            caption="captions/report.rst",
            category="Measurements",
            subcategory="{model}",
            labels={"variant": "{variant}"},
        ),
    log:
        "logs/{model}/{variant}/report.log",
    benchmark:
        "logs/{model}/{variant}/report.tsv"
    resources:
        mem_mb=PLAN.memory("report"),
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: report"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --evidence {input.evidence} --facts {input.facts}"
        " --out {output.report}"
        " > {log} 2>&1"


rule package:
    input:
        wanted=PLAN.wanted("package"),
        artifacts=PLAN.artifacts,
        report=rules.report.output.report,
        interface=rules.tf.output.interface,
        pictures=rules.pictures.output.folder,
        layers=PLAN.losses.tables,
    output:
        folder=directory("results/{model}/{variant}/package"),
    log:
        "logs/{model}/{variant}/package.log",
    benchmark:
        "logs/{model}/{variant}/package.tsv"
    resources:
        mem_mb=PLAN.memory("package"),
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: package"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --artifacts {input.artifacts} --report {input.report}"
        " --interface {input.interface} --pictures {input.pictures} --layers {input.layers}"
        " --out {output.folder}"
        " > {log} 2>&1"
