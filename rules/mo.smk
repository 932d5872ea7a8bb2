"""mo: OpenVINO IR, from the simplified ONNX or straight from another framework's file."""


rule mo:
    input:
        wanted=PLAN.wanted("mo"),
        origin=PLAN.mo_origin,
    output:
        xml="results/{model}/{variant}/ir/model.xml",
        weights="results/{model}/{variant}/ir/model.bin",
        facts="results/{model}/{variant}/facts/mo.json",
    log:
        "logs/{model}/{variant}/mo.log",
    benchmark:
        "logs/{model}/{variant}/mo.tsv"
    resources:
        mem_mb=PLAN.memory("mo"),
    params:
        models=PLAN.models,
        origin=PLAN.mo_option,
    message:
        "{wildcards.model}/{wildcards.variant}: convert to OpenVINO IR"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} {params.origin} --out-xml {output.xml}"
        " --facts {output.facts}"
        " > {log} 2>&1"
