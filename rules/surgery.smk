"""surgery: the exported graph, changed by the operations that a recipe names."""


rule surgery:
    input:
        wanted=PLAN.wanted("surgery"),
        onnx=rules.export.output.onnx,
        sources=PLAN.surgery_folders,
    output:
        onnx="results/{model}/{variant}/changed.onnx",
        facts="results/{model}/{variant}/facts/surgery.json",
    log:
        "logs/{model}/{variant}/surgery.log",
    benchmark:
        "logs/{model}/{variant}/surgery.tsv"
    resources:
        mem_mb=PLAN.memory("surgery"),
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: change the graph"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --onnx {input.onnx} --sources sources/{wildcards.model}"
        " --out {output.onnx} --facts {output.facts}"
        " > {log} 2>&1"
