"""export: the source as ONNX, for frameworks that enter the chain there."""


rule export:
    input:
        sources=PLAN.source_folders,
    output:
        onnx="results/{model}/{variant}/source.onnx",
        facts="results/{model}/{variant}/facts/export.json",
    log:
        "logs/{model}/{variant}/export.log",
    benchmark:
        "logs/{model}/{variant}/export.tsv"
    resources:
        mem_mb=3000,
    params:
        key=PLAN.stage_key("export"),
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: export to ONNX"
    shell:
        "python -m converters.export {wildcards.model} {wildcards.variant}"
        " --models {params.models} --sources sources/{wildcards.model} --out {output.onnx}"
        " --facts {output.facts}"
        " > {log} 2>&1"
