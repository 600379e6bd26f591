"""Allocations: what guides them, and the sparsity that they give to each matrix."""


include: "allocation_functions.smk"


from heavytail.allocation import foreseen

# Jobs need not look again.
if workflow.is_main_process:
    try:
        foreseen.check_local_models(CONFIG)
    except mistakes.SettingsError as error:
        sys.exit(f"config: {error}")

# Keys of a search that its own job reads.
OF_SEARCH = {"population", "generations", "tokens", "levels", "seed"}
# Keys of an allocation that say which cells it is for, or where its ratios come from.
NO_SETTINGS = {"models", "methods", "sparsities", "file", "start", *OF_SEARCH}


rule measure_similarity:
    input:
        **WITH_FILES,
        model=MODEL,
        calibration=TOKENS,
    output:
        similarity="<results>/segments/{model}.csv",
    log:
        "<logs>/measure_similarity/{model}.log",
    benchmark:
        "<benchmarks>/measure_similarity/{model}.tsv"
    conda:
        "../envs/compute.yaml"
    threads: 8
    resources:
        **SIMILARITY,
        **STORE,
    params:
        digest=lambda w: digest_for(w.model, "measure_similarity"),
        settings={"windows": CONFIG["segments"]["windows"]},
    script:
        "../scripts/measure_similarity.py"


rule find_segments:
    input:
        unpack(table_of_segments),
    output:
        segments="<results>/segments/{model}.json",
    log:
        "<logs>/find_segments/{model}.log",
    benchmark:
        "<benchmarks>/find_segments/{model}.tsv"
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=digest("find_segments"),
        settings={"count": CONFIG["segments"]["count"]},
    script:
        "../scripts/find_segments.py"


rule measure_gradients:
    input:
        **WITH_FILES,
        model=MODEL,
        calibration=TOKENS,
    output:
        norms="<results>/gradients/{model}.json",
    log:
        "<logs>/measure_gradients/{model}.log",
    benchmark:
        "<benchmarks>/measure_gradients/{model}.tsv"
    conda:
        "../envs/compute.yaml"
    threads: 8
    resources:
        **GRADIENTS,
        **STORE,
    params:
        digest=lambda w: digest_for(w.model, "measure_gradients"),
        settings=CONFIG["gradients"],
    script:
        "../scripts/measure_gradients.py"


rule measure_wanda_scores:
    input:
        **WITH_FILES,
        model=MODEL,
        calibration=TOKENS,
    output:
        scores="<results>/wanda_scores/{model}.csv",
    log:
        "<logs>/measure_wanda_scores/{model}.log",
    benchmark:
        "<benchmarks>/measure_wanda_scores/{model}.tsv"
    conda:
        "../envs/compute.yaml"
    threads: 8
    resources:
        **WANDA_SCORES,
        **STORE,
    params:
        digest=lambda w: digest_for(w.model, "measure_wanda_scores"),
    script:
        "../scripts/measure_wanda_scores.py"


rule measure_removal_errors:
    input:
        **WITH_FILES,
        model=MODEL,
        calibration=TOKENS,
    output:
        errors="<results>/removal_errors/{model}.csv",
    log:
        "<logs>/measure_removal_errors/{model}.log",
    benchmark:
        "<benchmarks>/measure_removal_errors/{model}.tsv"
    conda:
        "../envs/compute.yaml"
    threads: 8
    resources:
        **REMOVAL_ERRORS,
        **STORE,
    params:
        digest=lambda w: digest_for(w.model, "measure_removal_errors"),
    script:
        "../scripts/measure_removal_errors.py"


rule allocate_sparsity:
    input:
        unpack(ratio_inputs),
        **{name: files_for_shapes for name in WITH_FILES},
        model=shapes_of if PUBLISHED else MODEL,
    output:
        ratios="<results>/ratios/{model}/{method}/{sparsity}/{allocation}.csv",
    log:
        "<logs>/allocate_sparsity/{model}/{method}/{sparsity}/{allocation}.log",
    # No benchmark: each of these jobs takes a second, and thousands of benchmarks slow down planning.
    localrule: True
    conda:
        "../envs/compute.yaml"
    params:
        digest=ratio_digest,
        settings=ratio_settings,
    script:
        "../scripts/allocate_sparsity.py"
