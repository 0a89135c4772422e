/* SPDX-License-Identifier: MIT */
#include "tools/rocweld/bench.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/rocweld/command.h"
#include "tools/rocweld/paths.h"
#include "tools/rocweld/target.h"

struct bench_options {
    struct gpu_target target;
    const char *output;
};

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, "Write the numbers to FILE as JSON (default: rocweld-bench.json)"},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct bench_options *bench = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &bench->target;
        return 0;
    case 'o':
        bench->output = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What a measuring program is called, which folder it is told, and where it runs. */
static const struct {
    const char *program;
    const char *title;
    bool on_target;
    bool (*find_argument)(const char *name, char *out_path, size_t size); /* NULL = none */
} sources[BENCH_SOURCE_COUNT] = {
    [BENCH_NO_GPU] = {"bench/measure_hsa", "HSA without a GPU", false, NULL},
    [BENCH_HSA] = {"bench/measure_hsa", "HSA", true, NULL},
    [BENCH_HIP] = {"bench/measure_hip", "HIP", true, paths_library},
    [BENCH_OPENCL] = {"bench/measure_opencl", "OpenCL on the CPU", false, paths_data},
};

/* In the child: becomes the measuring program. */
static void run_source(enum bench_source source, const struct gpu_target *target,
                       const char *command)
{
    char program[PATH_MAX], argument[PATH_MAX];
    char *words[] = {program, NULL, NULL};

    if (!paths_helper(sources[source].program, program, sizeof program)) {
        command_complain(command, "%s is missing; build or install rocweld completely", program);
        _exit(EXIT_NOT_FOUND);
    }
    if (sources[source].find_argument) {
        if (!sources[source].find_argument("kernels", argument, sizeof argument)) {
            command_complain(command, "%s is missing; build or install rocweld completely",
                             argument);
            _exit(EXIT_NOT_FOUND);
        }
        words[1] = argument;
    }
    if (sources[source].on_target) {
        rw_status status = target_apply(target);
        if (!rw_ok(status)) {
            command_complain(command, "%s", rw_status_message(status, NULL));
            _exit(EXIT_SETUP);
        }
    }
    _exit(target_execute(command, words));
}

/* The JSON object that the program prints; NULL, after a message, when it fails. */
static json_t *measure(enum bench_source source, const struct gpu_target *target,
                       const char *command)
{
    int ends[2], status;
    json_error_t error;
    json_t *numbers;
    FILE *output;
    pid_t pid;

    if (pipe(ends) != 0 || (pid = fork()) < 0) {
        command_complain(command, "cannot start a program: %s", strerror(errno));
        return NULL;
    }
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        run_source(source, target, command);
    }
    close(ends[1]);
    output = fdopen(ends[0], "r");
    numbers = json_loadf(output, 0, &error);
    fclose(output);
    waitpid(pid, &status, 0);
    if (numbers && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return numbers;
    if (WIFSIGNALED(status))
        command_complain(command, "%s: %s", sources[source].program, strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        command_complain(command, "%s failed with status %d", sources[source].program,
                         WEXITSTATUS(status));
    else
        command_complain(command, "%s printed no numbers: %s", sources[source].program, error.text);
    json_decref(numbers);
    return NULL;
}

static bool measure_all(const struct gpu_target *target, const char *command,
                        struct bench_numbers *numbers)
{
    bool complete = true;

    for (int source = 0; source < BENCH_SOURCE_COUNT; source++) {
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "\r\033[KMeasuring %s ...", sources[source].title);
        numbers->of[source] = measure((enum bench_source)source, target, command);
        complete = complete && numbers->of[source];
    }
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    return complete;
}

int command_bench(int argc, char **argv)
{
    static const struct argp_child children[] = {{&target_argp, 0, "Which GPU:", 1}, {0}};
    static const struct argp argp = {
        options, parse, NULL,
        "Measures start-up, launches, copies and kernels of the HIP stack on a GPU, and the same "
        "kernels on the CPU by PoCL in the same run.\v"
        "The exit status is 0 when everything could be measured, whether or not goals are "
        "reached.",
        children};
    struct bench_options bench = {.output = "rocweld-bench.json"};
    struct bench_numbers numbers = {0};
    bool complete;

    command_parse(&argp, argc, argv, &bench);
    complete = measure_all(&bench.target, argv[0], &numbers);
    bench_print_table(&numbers);

    json_t *json = bench_to_json(&numbers);
    if (json_dump_file(json, bench.output, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) != 0) {
        command_complain(argv[0], "cannot write %s: %s", bench.output, strerror(errno));
        complete = false;
    } else {
        printf("\nThe numbers are in %s.\n", bench.output);
    }
    json_decref(json);
    for (int source = 0; source < BENCH_SOURCE_COUNT; source++)
        json_decref(numbers.of[source]);
    return complete ? EXIT_SUCCESS : EXIT_FAILURE;
}
