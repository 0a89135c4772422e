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

#define COUNT_LIBRARY "librocweld-count.so"

struct bench_options {
    struct gpu_target target;
    const char *output; /* NULL: the topic's */
    const struct bench_topic *topic;
};

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0,
     "Write the numbers to FILE as JSON (default: rocweld-bench[-TOPIC].json)"},
    {0},
};

static const struct bench_topic *topic_find(const char *name, struct argp_state *state);

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
    case ARGP_KEY_ARG:
        if (bench->topic)
            argp_error(state, "one topic at a time");
        bench->topic = topic_find(argument, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct bench_program stack_programs[BENCH_SOURCE_COUNT] = {
    [BENCH_NO_GPU] = {.program = "measure_hsa", .title = "HSA without a GPU"},
    [BENCH_HSA] = {.program = "measure_hsa", .title = "HSA", .on_target = true},
    [BENCH_HIP] = {.program = "measure_hip",
                   .title = "HIP",
                   .on_target = true,
                   .find_kernels = paths_library},
    [BENCH_OPENCL] = {.program = "measure_opencl",
                      .title = "OpenCL on the CPU",
                      .find_kernels = paths_data},
};

/* In the child, whose LD_PRELOAD is set: what the shim asks is to be counted too, what a software
 * GPU does inside is not. */
static bool count_calls(void)
{
    char path[PATH_MAX], list[8 * PATH_MAX];
    const char *before = getenv("LD_PRELOAD"), *at, *shim;

    if (!paths_helper("bench/" COUNT_LIBRARY, path, sizeof path))
        return false;
    if (!before)
        before = "";
    shim = strstr(before, PATHS_SHIM_LIBRARY);
    at = shim ? shim + strlen(PATHS_SHIM_LIBRARY) : strstr(before, PATHS_SOFTGPU_LIBRARY);
    if (!at)
        at = before + strlen(before);
    while (!shim && at > before && at[-1] != ' ' && at[-1] != ':')
        at--; /* to the begin of the word */
    snprintf(list, sizeof list, "%.*s %s %s", (int)(at - before), before, path, at);
    setenv("LD_PRELOAD", list, 1);
    return true;
}

static void set_if_given(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
}

/* In the child: becomes the measuring program. */
static void run_program(const struct bench_program *job, const struct gpu_target *target,
                        const char *command)
{
    char name[64], program[PATH_MAX], argument[64], kernels[PATH_MAX];
    char *words[] = {program, NULL, NULL, NULL};

    snprintf(name, sizeof name, "bench/%s", job->program);
    if (!paths_helper(name, program, sizeof program)) {
        command_complain(command, "%s is missing; build or install rocweld completely", program);
        _exit(EXIT_NOT_FOUND);
    }
    if (job->argument) {
        snprintf(argument, sizeof argument, "%s", job->argument);
        words[1] = argument;
    }
    if (job->find_kernels) {
        if (!job->find_kernels("kernels", kernels, sizeof kernels)) {
            command_complain(command, "%s is missing; build or install rocweld completely",
                             kernels);
            _exit(EXIT_NOT_FOUND);
        }
        words[job->argument ? 2 : 1] = kernels;
    }
    set_if_given("ROCWELD_SHARE", job->share);
    set_if_given("ROCWELD_RESIDENCY", job->residency);
    set_if_given("ROCWELD_INTEROP", job->interop);
    if (job->on_target) {
        rw_status status = target_apply(target);
        if (!rw_ok(status)) {
            command_complain(command, "%s", rw_status_message(status, NULL));
            _exit(EXIT_SETUP);
        }
    }
    if (job->counts_calls && !count_calls()) {
        command_complain(command, "%s is missing; build or install rocweld completely",
                         COUNT_LIBRARY);
        _exit(EXIT_NOT_FOUND);
    }
    _exit(target_execute(command, words));
}

json_t *bench_measure(const struct bench_program *job, const struct gpu_target *target,
                      const char *command)
{
    int ends[2], status;
    json_error_t error;
    json_t *numbers;
    FILE *output;
    pid_t pid;

    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[KMeasuring %s ...", job->title);
    if (pipe(ends) != 0 || (pid = fork()) < 0) {
        command_complain(command, "cannot start a program: %s", strerror(errno));
        return NULL;
    }
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        run_program(job, target, command);
    }
    close(ends[1]);
    output = fdopen(ends[0], "r");
    numbers = json_loadf(output, 0, &error);
    fclose(output);
    waitpid(pid, &status, 0);
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (numbers && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return numbers;
    if (WIFSIGNALED(status))
        command_complain(command, "%s: %s", job->program, strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        command_complain(command, "%s failed with status %d", job->program, WEXITSTATUS(status));
    else
        command_complain(command, "%s printed no numbers: %s", job->program, error.text);
    json_decref(numbers);
    return NULL;
}

static bool stack_measure(const struct gpu_target *target, const char *command, json_t **out_json)
{
    struct bench_numbers numbers = {0};
    bool complete = true;

    for (int source = 0; source < BENCH_SOURCE_COUNT; source++) {
        numbers.of[source] = bench_measure(&stack_programs[source], target, command);
        complete = complete && numbers.of[source];
    }
    bench_print_table(&numbers);
    *out_json = bench_to_json(&numbers);
    for (int source = 0; source < BENCH_SOURCE_COUNT; source++)
        json_decref(numbers.of[source]);
    return complete;
}

static bool lookup_measure(const struct gpu_target *target, const char *command, json_t **out_json)
{
    static const struct bench_program program = {.program = "measure_lookup", .title = "lookups"};
    json_t *numbers = bench_measure(&program, target, command);

    if (numbers)
        bench_lookup_print(numbers);
    *out_json = bench_lookup_to_json(numbers);
    json_decref(numbers);
    return numbers != NULL;
}

static bool share_measure(const struct gpu_target *target, const char *command, json_t **out_json)
{
    static const struct bench_program weld = {.program = "measure_share",
                                              .title = "sharing in one VM",
                                              .argument = "weld",
                                              .on_target = true,
                                              .counts_calls = true,
                                              .share = "require",
                                              .residency = "explicit"};
    static const struct bench_program dmabuf = {.program = "measure_share",
                                                .title = "sharing by DMABufs",
                                                .argument = "dmabuf",
                                                .on_target = true,
                                                .counts_calls = true,
                                                .share = "off"};
    struct bench_share share = {.weld = bench_measure(&weld, target, command),
                                .dmabuf = bench_measure(&dmabuf, target, command)};
    bool complete = share.weld && share.dmabuf;

    bench_share_print(&share);
    *out_json = bench_share_to_json(&share);
    json_decref(share.weld);
    json_decref(share.dmabuf);
    return complete;
}

static bool graphics_measure(const struct gpu_target *target, const char *command,
                             json_t **out_json)
{
    static const struct bench_program programs[BENCH_GRAPHICS_SOURCES] = {
        [BENCH_CS] = {.program = "measure_cs", .title = "submissions", .on_target = true},
        [BENCH_VULKAN] = {.program = "measure_vulkan",
                          .title = "Vulkan",
                          .argument = "gpu",
                          .on_target = true},
        [BENCH_VULKAN_CPU] = {.program = "measure_vulkan",
                              .title = "Vulkan on the CPU",
                              .argument = "cpu"},
        [BENCH_ONE_VM] = {.program = "measure_interop",
                          .title = "HIP and Vulkan in one VM",
                          .argument = "bridge",
                          .on_target = true,
                          .find_kernels = paths_library,
                          .share = "require"},
        [BENCH_EXTERNAL] = {.program = "measure_interop",
                            .title = "HIP and Vulkan by external memory",
                            .argument = "external",
                            .on_target = true,
                            .find_kernels = paths_library,
                            .share = "off",
                            .interop = "mapped"},
    };
    struct bench_graphics graphics = {0};
    bool complete = true;

    for (int i = 0; i < BENCH_GRAPHICS_SOURCES; i++) {
        graphics.of[i] = bench_measure(&programs[i], target, command);
        complete = complete && graphics.of[i];
    }
    bench_graphics_print(&graphics);
    *out_json = bench_graphics_to_json(&graphics);
    for (int i = 0; i < BENCH_GRAPHICS_SOURCES; i++)
        json_decref(graphics.of[i]);
    return complete;
}

/* What can be measured; the first is what one gets without naming any. `measure` prints a table
 * and gives its numbers; false when some could not be had. */
static const struct bench_topic {
    const char *name, *output;
    bool (*measure)(const struct gpu_target *target, const char *command, json_t **out_json);
} topics[] = {
    {"stack", "rocweld-bench.json", stack_measure},
    {"lookup", "rocweld-bench-lookup.json", lookup_measure},
    {"share", "rocweld-bench-share.json", share_measure},
    {"graphics", "rocweld-bench-graphics.json", graphics_measure},
};
enum { TOPICS = sizeof topics / sizeof topics[0] };

static const struct bench_topic *topic_find(const char *name, struct argp_state *state)
{
    for (int i = 0; i < TOPICS; i++)
        if (strcmp(topics[i].name, name) == 0)
            return &topics[i];
    argp_error(state, "there is no topic '%s'; see --help", name);
    return NULL;
}

int command_bench(int argc, char **argv)
{
    static const struct argp_child children[] = {{&target_argp, 0, "Which GPU:", 1}, {0}};
    static const struct argp argp = {
        options, parse, "[TOPIC]",
        "Measures one topic, beside its peers in the same run:\n"
        "  stack   start-up, launches, copies and kernels of the HIP stack on a GPU, and the same "
        "kernels on the CPU by PoCL (default)\n"
        "  lookup  finding the buffer at an address, while another thread maps and unmaps\n"
        "  share   system calls, descriptors, objects, bytes and time for buffers that graphics "
        "and "
        "compute share: in one VM, and by DMABufs\n"
        "  graphics  submissions, Vulkan's dispatches and image copies, and hand-overs between HIP "
        "and Vulkan: in one VM, and by external memory\v"
        "The exit status is 0 when everything could be measured, whether or not goals are "
        "reached.",
        children};
    struct bench_options bench = {0};
    json_t *json = NULL;
    bool complete;

    command_parse(&argp, argc, argv, &bench);
    if (!bench.topic)
        bench.topic = &topics[0];
    if (!bench.output)
        bench.output = bench.topic->output;
    complete = bench.topic->measure(&bench.target, argv[0], &json);
    if (json_dump_file(json, bench.output, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) != 0) {
        command_complain(argv[0], "cannot write %s: %s", bench.output, strerror(errno));
        complete = false;
    } else {
        printf("\nThe numbers are in %s.\n", bench.output);
    }
    json_decref(json);
    return complete ? EXIT_SUCCESS : EXIT_FAILURE;
}
