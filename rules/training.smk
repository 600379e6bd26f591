"""Train the stand-in model again, on demand."""


rule train_standin:
    output:
        model=directory("<results>/standin/model"),
        record="<results>/standin/training.json",
    log:
        "<logs>/train_standin.log",
    benchmark:
        "<benchmarks>/train_standin.tsv"
    conda:
        "../envs/compute.yaml"
    threads: 16
    params:
        digest=digest("train_standin"),
    script:
        "../scripts/train_standin.py"
