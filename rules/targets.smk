"""targets: what is one step further, a folder each; built when it is asked for."""


rule targets:
    input:
        reports=FURTHER.packages,


rule environments:
    input:
        made=FURTHER.environments,


rule environment:
    output:
        made=FURTHER.environment_stamp,
    log:
        "logs/environments/{environment}.log",
    params:
        name=lambda wildcards: wildcards.environment.rsplit("-", 1)[0],
    message:
        "make the environment {params.name}"
    shell:
        "python -m converters.environments make {params.name} > {log} 2>&1"


rule target:
    input:
        wanted=PLAN.wanted("target"),
        reads=FURTHER.reads,
        saved_model=rules.tf.output.saved_model,
        interface=rules.tf.output.interface,
    output:
        folder=directory("results/{model}/{variant}/{target}"),
        facts="results/{model}/{variant}/facts/{target}.json",
    log:
        "logs/{model}/{variant}/target-{target}.log",
    benchmark:
        "logs/{model}/{variant}/target-{target}.tsv"
    conda:
        FURTHER.conda_file
    resources:
        mem_mb=PLAN.memory("target"),
    params:
        models=PLAN.models,
        origin=FURTHER.origin,
    message:
        "{wildcards.model}/{wildcards.variant}: make {wildcards.target}"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --sources sources/{wildcards.model}"
        " --target {wildcards.target} --origin {params.origin}"
        " --interface {input.interface} --out {output.folder} --facts {output.facts}"
        " > {log} 2>&1"


rule target_report:
    input:
        wanted=PLAN.wanted("target_report"),
        evidence=FURTHER.evidence,
        facts=FURTHER.facts,
    output:
        report="results/{model}/{variant}/targets/report.json",
    log:
        "logs/{model}/{variant}/target_report.log",
    benchmark:
        "logs/{model}/{variant}/target_report.tsv"
    resources:
        mem_mb=PLAN.memory("target_report"),
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: report on the targets"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --evidence {input.evidence} --facts {input.facts}"
        " --out {output.report}"
        " > {log} 2>&1"
