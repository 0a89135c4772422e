/* SPDX-License-Identifier: MIT */
#include "tools/rocweld/info.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/rocweld/command.h"
#include "tools/rocweld/target.h"

void info_heading(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

void info_row(const char *name, const char *format, ...)
{
    va_list args;

    printf("    %-16s ", name);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

const char *info_size(unsigned long long bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    static char text[32];
    double value = (double)bytes;
    int unit = 0;

    for (; value >= 1024 && unit < 4; unit++)
        value /= 1024;
    snprintf(text, sizeof text, value == (int)value ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    (void)argument;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = state->input;
    return 0;
}

int command_info(int argc, char **argv)
{
    static const struct argp_child children[] = {{&target_argp, 0, "Which GPU:", 1}, {0}};
    static const struct argp argp = {
        .parser = parse,
        .doc = "Lists the GPUs that a program started by `rocweld run` with the same options "
               "sees, as KFD, DRM, Vulkan and HSA each show them.\v"
               "The exit status is 0 when KFD, DRM and HSA show the same number of GPUs, at least "
               "one.",
        .children = children,
    };
    struct gpu_target target = {0};
    rw_status status;
    struct info_probe vulkan;
    int kfd, drm, hsa;

    command_parse(&argp, argc, argv, &target);
    status = target_enter(&target, argc, argv);
    if (!rw_ok(status)) {
        command_complain(argv[0], "%s", rw_status_message(status, NULL));
        return EXIT_SETUP;
    }
    info_vulkan_start(&vulkan);
    kfd = info_print_kfd();
    drm = info_print_drm();
    info_print_vulkan(&vulkan);
    hsa = info_print_hsa();
    if (kfd > 0 && drm == kfd && (hsa == kfd || hsa < 0))
        return EXIT_SUCCESS;
    command_complain(argv[0], "the interfaces disagree or show no GPU; see `rocweld doctor`");
    return EXIT_FAILURE;
}
