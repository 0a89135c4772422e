/* SPDX-License-Identifier: MIT */
#include "tools/rocweld/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm.h>

#include "base/log.h"
#include "softgpu/device/machine.h"
#include "tools/rocweld/command.h"
#include "tools/rocweld/names.h"
#include "tools/rocweld/paths.h"
#include "tools/rocweld/program.h"
#include "tools/rocweld/suggest.h"

enum { OPTION_GPU = 0x100, OPTION_VRAM, OPTION_CUS, OPTION_KERNEL, OPTION_THREADS };

static const struct argp_option options[] = {
    {"gpu", OPTION_GPU, "WHICH", 0,
     "auto: the real GPU when there is one, else softgpu (the default). hw: the real GPU. "
     "soft[:NAME[,NAME...]]: one software GPU for each name, such as gfx1030"},
    {"vram", OPTION_VRAM, "SIZE", 0, "Memory of each software GPU, such as 512M or 4G"},
    {"cus", OPTION_CUS, "N", 0,
     "Active compute units of each software GPU, an even number (default: the model's)"},
    {"kernel", OPTION_KERNEL, "VERSION", 0, "Linux kernel that softgpu models"},
    {"threads", OPTION_THREADS, "N", 0, "Threads that execute GPU programs (default: all CPUs)"},
    {0},
};

static enum gpu_kind parse_gpu(struct argp_state *state, const char *text,
                               struct gpu_target *target)
{
    struct suggestion best = suggestion_for(text);

    if (!strcmp(text, "auto"))
        return GPU_AUTO;
    if (!strcmp(text, "hw"))
        return GPU_HARDWARE;
    if (!strncmp(text, "soft", 4) && (!text[4] || text[4] == ':')) {
        char message[256];
        if (!names_check_gpus(text + 4, message, sizeof message))
            argp_error(state, "--gpu %s: %s", text, message);
        target->soft = text;
        return GPU_SOFT;
    }
    suggestion_consider(&best, "auto");
    suggestion_consider(&best, "hw");
    suggestion_consider(&best, "soft");
    if (suggestion_result(&best))
        argp_error(state, "--gpu %s is unknown; did you mean '%s'?", text,
                   suggestion_result(&best));
    argp_error(state, "--gpu %s is unknown; use auto, hw or soft[:NAME[,NAME...]]", text);
    return GPU_AUTO;
}

static const char *parse_size(struct argp_state *state, const char *text)
{
    uint64_t bytes;
    rw_status status = soft_vram_parse(text, &bytes);

    if (!rw_ok(status))
        argp_error(state, "--vram: %s", rw_status_message(status, NULL));
    return text;
}

static const char *parse_cus(struct argp_state *state, const char *text)
{
    unsigned cus;
    rw_status status = soft_cus_parse(text, &cus);

    if (!rw_ok(status))
        argp_error(state, "--cus: %s", rw_status_message(status, NULL));
    return text;
}

static const char *parse_count(struct argp_state *state, const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end || value < 1 || value > 1024)
        argp_error(state, "--threads %s is not a number from 1 to 1024", text);
    return text;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct gpu_target *target = state->input;
    char message[256];

    switch (key) {
    case OPTION_GPU:
        target->kind = parse_gpu(state, argument, target);
        return 0;
    case OPTION_VRAM:
        target->vram = parse_size(state, argument);
        return 0;
    case OPTION_CUS:
        target->cus = parse_cus(state, argument);
        return 0;
    case OPTION_KERNEL:
        if (!names_check_kernel(argument, message, sizeof message))
            argp_error(state, "--kernel %s: %s", argument, message);
        target->kernel = argument;
        return 0;
    case OPTION_THREADS:
        target->threads = parse_count(state, argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp target_argp = {.options = options, .parser = parse_option};

/* The library is loaded already: devices that answer are software, whatever they look like. */
static bool softgpu_is_loaded(void)
{
    const char *preload = getenv("LD_PRELOAD");

    return preload && strstr(preload, PATHS_SOFTGPU_LIBRARY);
}

static bool is_amdgpu_node(const char *path)
{
    char name[16] = "";
    struct drm_version version = {.name_len = sizeof name - 1, .name = name};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool is_amdgpu;

    if (fd < 0)
        return false;
    is_amdgpu = ioctl(fd, DRM_IOCTL_VERSION, &version) == 0 && !strcmp(name, "amdgpu");
    close(fd);
    return is_amdgpu;
}

const char *target_hardware_obstacle(void)
{
    static char reason[160];
    int fd = open("/dev/kfd", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        snprintf(reason, sizeof reason, "/dev/kfd cannot be opened (%s)", strerror(errno));
        return reason;
    }
    close(fd);
    for (int minor = 128; minor < 192; minor++) {
        char path[32];
        snprintf(path, sizeof path, "/dev/dri/renderD%d", minor);
        if (is_amdgpu_node(path))
            return "";
    }
    return "no render node in /dev/dri belongs to amdgpu and can be opened";
}

enum gpu_kind target_resolve(const struct gpu_target *target)
{
    if (target->kind != GPU_AUTO)
        return target->kind;
    /* A wish for a kind of software GPU in the environment is a wish for a software GPU. */
    if (getenv("ROCWELD_GPU") || softgpu_is_loaded())
        return GPU_SOFT;
    return *target_hardware_obstacle() ? GPU_SOFT : GPU_HARDWARE;
}

static void set_if_given(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
}

/* Puts a library in front of what LD_PRELOAD has, unless it is there. */
static rw_status preload_library(const char *name)
{
    char path[PATH_MAX], list[4 * PATH_MAX];
    const char *before = getenv("LD_PRELOAD");

    if (before && strstr(before, name))
        return RW_OK;
    if (!paths_self(path, sizeof path))
        return RW_FAIL(ENOENT, "/proc is not mounted; rocweld needs it to find its libraries");
    if (!paths_library(name, path, sizeof path))
        return RW_FAIL(ENOENT, "%s is missing; build or install rocweld completely", path);
    if (strpbrk(path, " :"))
        return RW_FAIL(EINVAL,
                       "the dynamic loader cannot preload '%s': a space or colon in the path; "
                       "move rocweld to a folder without one",
                       path);
    snprintf(list, sizeof list, "%s%s%s", path, before && *before ? " " : "", before ? before : "");
    setenv("LD_PRELOAD", list, 1);
    return RW_OK;
}

/* What the HSA runtime loads on its own. Another tool that is set (a profiler) stays alone. */
static void load_hsa_plugin(void)
{
    char path[PATH_MAX];

    if (!getenv("HSA_TOOLS_LIB") && paths_library(PATHS_HSA_LIBRARY, path, sizeof path) &&
        !strchr(path, ' '))
        setenv("HSA_TOOLS_LIB", path, 1);
}

/* Graphics and compute share one VM, with the shim in front of whichever GPU there is. */
static rw_status preload_shim(void)
{
    const char *share = getenv("ROCWELD_SHARE");
    char path[PATH_MAX];

    if ((share && !strcmp(share, "off")) || !paths_library(PATHS_SHIM_LIBRARY, path, sizeof path))
        return RW_OK;
    load_hsa_plugin();
    return preload_library(PATHS_SHIM_LIBRARY);
}

/* Every library in the program reads these variables. What this process has complained of already,
 * when it started (base/log.c), is not repeated by each. */
static void settle_log(void)
{
    const char *spec = getenv("ROCWELD_LOG"), *path = getenv("ROCWELD_LOG_FILE");

    if (spec && *spec && !rw_log_configure(spec))
        unsetenv("ROCWELD_LOG");
    if (path && *path) {
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (fd >= 0) {
            close(fd);
            return;
        }
        rw_warn(tool, "ROCWELD_LOG_FILE: cannot write %s (%s); the log goes to stderr", path,
                strerror(errno));
        unsetenv("ROCWELD_LOG_FILE");
    }
}

rw_status target_apply(const struct gpu_target *target)
{
    settle_log();
    if (target_resolve(target) == GPU_HARDWARE) {
        const char *obstacle = target_hardware_obstacle();
        if (*obstacle)
            return RW_FAIL(ENODEV, "the real GPU cannot be used: %s; see `rocweld doctor`",
                           obstacle);
    } else {
        RW_TRY(preload_library(PATHS_SOFTGPU_LIBRARY));
        set_if_given("ROCWELD_GPU", target->soft);
        set_if_given("ROCWELD_VRAM", target->vram);
        set_if_given("ROCWELD_CUS", target->cus);
        set_if_given("ROCWELD_KERNEL", target->kernel);
        set_if_given("ROCWELD_THREADS", target->threads);
        RW_TRY(soft_machine_check());
    }
    RW_TRY(preload_shim());
    if (target->trace)
        RW_TRY(preload_library(PATHS_TRACE_LIBRARY));
#ifdef ROCWELD_SANITIZER_RUNTIME
    /* Instrumented libraries in a program that is not need their runtime first. */
    char list[5 * PATH_MAX];
    const char *before = getenv("LD_PRELOAD");
    snprintf(list, sizeof list, "%s %s", ROCWELD_SANITIZER_RUNTIME, before ? before : "");
    setenv("LD_PRELOAD", list, 1);
#endif
    return RW_OK;
}

#define ENTERED "ROCWELD_TARGET_ENTERED"

rw_status target_enter(const struct gpu_target *target, int argc, char **argv)
{
    char self[PATH_MAX];
    char **words;

    if (getenv(ENTERED)) {
        unsetenv(ENTERED);
        return RW_OK;
    }
    RW_TRY(target_apply(target));
    if (target_resolve(target) == GPU_HARDWARE && !target->trace)
        return RW_OK;
    setenv(ENTERED, "1", 1);
    words = calloc((size_t)argc + 2, sizeof *words);
    if (!words || !paths_self(self, sizeof self))
        return RW_FAIL(ENOMEM, "out of memory");
    /* argv[0] is "rocweld NAME"; the second run needs the two words again. */
    words[0] = "rocweld";
    words[1] = strchr(argv[0], ' ') + 1;
    memcpy(words + 2, argv + 1, ((size_t)argc - 1) * sizeof *words);
    execv(self, words);
    free(words);
    return RW_FAIL(errno, "cannot execute %s again: %s", self, strerror(errno));
}

/* Programs that start, but without the libraries that were to be in them. */
static void warn_of_obstacle(const char *command, const char *path)
{
    const char *preload = getenv("LD_PRELOAD");
    enum program_kind kind = program_kind_of(path);

    if (!preload || !strstr(preload, PATHS_LIBRARY_PREFIX))
        return;
    if (kind == PROGRAM_STATIC)
        command_complain(command,
                         "warning: '%s' is linked statically: rocweld cannot be in it, only in "
                         "programs that it starts",
                         path);
    else if (kind == PROGRAM_32_BIT)
        command_complain(command, "warning: '%s' is a 32-bit program: rocweld cannot be in it",
                         path);
    else if (program_is_privileged(path))
        command_complain(command,
                         "warning: '%s' is setuid, setgid or has capabilities: the loader leaves "
                         "out what is preloaded; stand-ins come in (docs/hardware.md)",
                         path);
}

int target_execute(const char *command, char **program)
{
    char path[PATH_MAX];
    bool found = program_find(program[0], path, sizeof path);

    if (found)
        warn_of_obstacle(command, path);
    /* execvp() would have a shell try what the kernel does not know, even an ELF file. */
    if (found && program_kind_of(path) != PROGRAM_OTHER)
        execv(path, program);
    else
        execvp(program[0], program);
    if (errno == ENOENT && found) {
        command_complain(command, "cannot execute '%s': its interpreter is missing", path);
        return EXIT_CANNOT_EXECUTE;
    }
    if (errno == ENOENT) {
        command_complain(command, "there is no program '%s'%s", program[0],
                         strchr(program[0], '/') ? "" : " in PATH");
        return EXIT_NOT_FOUND;
    }
    command_complain(command, "cannot execute '%s': %s", program[0], strerror(errno));
    return EXIT_CANNOT_EXECUTE;
}
