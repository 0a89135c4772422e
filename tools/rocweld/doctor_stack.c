/* SPDX-License-Identifier: MIT
 *
 * Checks of the user-space stack: ROCm, Mesa, OpenCL.
 */
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/rocweld/doctor.h"
#include "tools/rocweld/paths.h"

/* A library by its names, newest first; where it was found, with the version in its file name. */
static bool find_library(const char *const *names, char *out_file, size_t size)
{
    for (; *names; names++) {
        struct link_map *map;
        char resolved[PATH_MAX];
        void *library = dlopen(*names, RTLD_LAZY | RTLD_LOCAL);

        if (!library)
            continue;
        if (dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && realpath(map->l_name, resolved))
            snprintf(out_file, size, "%s", resolved);
        else
            snprintf(out_file, size, "%s", *names);
        /* Stays loaded: libraries of GPU stacks do not like to be unloaded. */
        return true;
    }
    return false;
}

static void check_library(struct doctor_finding *finding, const char *const *names,
                          const char *package)
{
    char file[PATH_MAX];

    if (find_library(names, file, sizeof file)) {
        doctor_say(finding, DOCTOR_OK, "%s", file);
        return;
    }
    doctor_say(finding, DOCTOR_WARN, "%s cannot be loaded", names[0]);
    doctor_advise(finding, "sudo apt install %s", package);
}

void doctor_check_hsa(struct doctor_finding *out_finding)
{
    static const char *const names[] = {"libhsa-runtime64.so.1", NULL};
    check_library(out_finding, names, "libhsa-runtime64-1");
}

/* Where the thunk is decides by which door the shim comes in without LD_PRELOAD. */
void doctor_check_thunk(struct doctor_finding *out_finding)
{
    static const char *const hsa[] = {"libhsa-runtime64.so.1", NULL};
    char file[PATH_MAX], door[PATH_MAX];
    bool separate;

    if (!find_library(hsa, file, sizeof file)) {
        doctor_say(out_finding, DOCTOR_OK, "none, as there is no HSA runtime");
        return;
    }
    separate = dlopen("libhsakmt.so.1", RTLD_LAZY | RTLD_NOLOAD) != NULL;
    snprintf(file, sizeof file, "door/%s", separate ? "libhsakmt.so.1" : hsa[0]);
    if (paths_library(file, door, sizeof door))
        *strrchr(door, '/') = '\0';
    else
        snprintf(door, sizeof door, "not installed");
    doctor_say(out_finding, DOCTOR_OK, "%s; its door, where LD_PRELOAD does not reach: %s",
               separate ? "libhsakmt.so.1" : "a part of libhsa-runtime64.so.1", door);
}

void doctor_check_hip(struct doctor_finding *out_finding)
{
    static const char *const names[] = {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5",
                                        NULL};
    check_library(out_finding, names, "libamdhip64-5");
}

/* The first executable NAME of PATH. */
static bool find_program(const char *name, char *out_path, size_t size)
{
    const char *path = getenv("PATH");

    for (size_t length; path && *path; path += length + (path[length] == ':')) {
        length = strcspn(path, ":");
        snprintf(out_path, size, "%.*s/%s", (int)length, path, name);
        if (access(out_path, X_OK) == 0)
            return true;
    }
    return false;
}

void doctor_check_hipcc(struct doctor_finding *out_finding)
{
    char path[200];

    if (find_program("hipcc", path, sizeof path)) {
        doctor_say(out_finding, DOCTOR_OK, "%s", path);
    } else {
        doctor_say(out_finding, DOCTOR_WARN,
                   "hipcc is not in PATH; HIP programs run, but cannot "
                   "be compiled here");
        doctor_advise(out_finding, "sudo apt install hipcc");
    }
}

void doctor_check_mesa(struct doctor_finding *out_finding)
{
    bool radv = access("/usr/lib/x86_64-linux-gnu/libvulkan_radeon.so", R_OK) == 0;
    bool radeonsi = access("/usr/lib/x86_64-linux-gnu/dri/radeonsi_dri.so", R_OK) == 0;

    if (radv && radeonsi)
        doctor_say(out_finding, DOCTOR_OK, "RADV (Vulkan) and radeonsi (OpenGL)");
    else if (radv || radeonsi)
        doctor_say(out_finding, DOCTOR_OK, "%s", radv ? "RADV (Vulkan)" : "radeonsi (OpenGL)");
    else
        doctor_say(out_finding, DOCTOR_OK,
                   "not installed; graphics programs need them: sudo apt install "
                   "mesa-vulkan-drivers libgl1-mesa-dri");
}

/* The line of `rocweld info --gpu soft` that begins with a word, without it. */
static bool find_info(const char *word, char *out_text, size_t size)
{
    char self[PATH_MAX], command[PATH_MAX + 64], line[512];
    bool found = false;
    FILE *info;

    if (!paths_self(self, sizeof self))
        return false;
    snprintf(command, sizeof command, "'%s' info --gpu soft 2>/dev/null", self);
    info = popen(command, "r");
    if (!info)
        return false;
    while (fgets(line, sizeof line, info)) {
        const char *text = line + strspn(line, " ");

        if (found || strncmp(text, word, strlen(word)) != 0)
            continue;
        text += strlen(word);
        snprintf(out_text, size, "%.*s", (int)strcspn(text + strspn(text, " "), "\n"),
                 text + strspn(text, " "));
        found = true;
    }
    pclose(info);
    return found;
}

/* What a process with Vulkan and ROCm in it finds. */
void doctor_check_vulkan(struct doctor_finding *out_finding)
{
    char driver[128], vm[200];

    if (!find_info("nodes ", driver, sizeof driver) ||
        !find_info("driver           radv", driver, sizeof driver)) {
        doctor_say(out_finding, DOCTOR_WARN, "no Vulkan driver shows the GPU");
        doctor_advise(out_finding, "sudo apt install libvulkan1 mesa-vulkan-drivers");
        return;
    }
    if (!find_info("one VM", vm, sizeof vm))
        snprintf(vm, sizeof vm, "not known");
    doctor_say(out_finding, strncmp(vm, "yes", 3) == 0 ? DOCTOR_OK : DOCTOR_WARN,
               "RADV%s; one VM with ROCm: %s", driver, vm);
    if (out_finding->verdict != DOCTOR_OK)
        doctor_advise(out_finding, "see `rocweld info` and docs/contract.md (ROCWELD_SHARE)");
}

void doctor_check_opencl(struct doctor_finding *out_finding)
{
    static const char *const names[] = {"libpocl.so.2", NULL};
    char file[PATH_MAX];

    if (find_library(names, file, sizeof file))
        doctor_say(out_finding, DOCTOR_OK, "%s", file);
    else
        doctor_say(out_finding, DOCTOR_OK,
                   "PoCL is not installed; `rocweld bench` has no peer to compare with");
}
