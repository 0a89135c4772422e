/* SPDX-License-Identifier: MIT
 *
 * Checks of the machine: kernel, device nodes, and what softgpu asks of the system.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "tools/rocweld/doctor.h"
#include "tools/rocweld/info.h"
#include "tools/rocweld/paths.h"
#include "tools/rocweld/target.h"

void doctor_check_hardware(struct doctor_finding *out_finding)
{
    const char *obstacle = target_hardware_obstacle();

    if (!*obstacle) {
        doctor_say(out_finding, DOCTOR_OK, "usable; `rocweld run` chooses it");
    } else if (access("/dev/kfd", F_OK) != 0) {
        doctor_say(out_finding, DOCTOR_OK, "none here; `rocweld run` uses softgpu");
    } else {
        doctor_say(out_finding, DOCTOR_WARN, "%s", obstacle);
        doctor_advise(out_finding, "become a member of the group that owns the nodes: "
                                   "sudo usermod -aG render,video $USER, then log in again");
    }
}

void doctor_check_kernel(struct doctor_finding *out_finding)
{
    struct utsname name;
    unsigned major = 0, minor = 0;

    uname(&name);
    sscanf(name.release, "%u.%u", &major, &minor);
    doctor_say(out_finding, DOCTOR_OK, "Linux %s", name.release);
    if (*target_hardware_obstacle() || major > 6 || (major == 6 && minor >= 9))
        return;
    doctor_say(out_finding, DOCTOR_WARN,
               "Linux %s does not keep graphics buffers resident for compute queues", name.release);
    doctor_advise(out_finding, "use Linux 6.9 or newer to share a VM on the real GPU");
}

void doctor_check_library(struct doctor_finding *out_finding)
{
    char path[PATH_MAX];

    if (paths_library(PATHS_SOFTGPU_LIBRARY, path, sizeof path)) {
        doctor_say(out_finding, DOCTOR_OK, "%s", path);
    } else {
        doctor_say(out_finding, DOCTOR_FAIL, "%.200s is missing", path);
        doctor_advise(out_finding, "build all targets, or install rocweld completely");
    }
}

/* softgpu sleeps until a doorbell page is written to; user-mode write protection wakes it. */
void doctor_check_doorbells(struct doctor_finding *out_finding)
{
    struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_WP_HUGETLBFS_SHMEM};
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);

    if (fd < 0) {
        int error = errno;
        doctor_say(out_finding, DOCTOR_WARN, "refused (%s); doorbells will be polled",
                   strerror(error));
        doctor_advise(out_finding, error == ENOSYS
                                       ? "use a kernel with CONFIG_USERFAULTFD"
                                       : "let the container's seccomp profile allow userfaultfd");
        return;
    }
    if (ioctl(fd, UFFDIO_API, &api) == 0) {
        doctor_say(out_finding, DOCTOR_OK, "user mode, write protection of shared memory");
    } else {
        doctor_say(out_finding, DOCTOR_WARN,
                   "no write protection of shared memory; doorbells will be polled");
        doctor_advise(out_finding, "use Linux 5.19 or newer");
    }
    close(fd);
}

void doctor_check_memory(struct doctor_finding *out_finding)
{
    struct sysinfo info;

    sysinfo(&info);
    unsigned long long total = (unsigned long long)info.totalram * info.mem_unit;
    doctor_say(out_finding, total >= 2ull << 30 ? DOCTOR_OK : DOCTOR_WARN, "%s in this machine",
               info_size(total));
    if (out_finding->verdict != DOCTOR_OK)
        doctor_advise(out_finding, "keep buffers small: `rocweld run --vram 512M`");
}

void doctor_check_processor(struct doctor_finding *out_finding)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    const char *vectors = __builtin_cpu_supports("avx512f") ? "AVX-512"
                          : __builtin_cpu_supports("avx2")  ? "AVX2"
                                                            : NULL;

    if (vectors) {
        doctor_say(out_finding, DOCTOR_OK, "%ld CPU%s, %s", cpus, cpus == 1 ? "" : "s", vectors);
    } else {
        doctor_say(out_finding, DOCTOR_WARN, "%ld CPU%s without AVX2: GPU programs run slowly",
                   cpus, cpus == 1 ? "" : "s");
    }
}

/* Starts a program as a user would and looks at what it sees. */
void doctor_check_softgpu(struct doctor_finding *out_finding)
{
    char self[PATH_MAX];
    int status = -1;
    pid_t pid;

    if (!paths_self(self, sizeof self) || (pid = fork()) < 0) {
        doctor_say(out_finding, DOCTOR_FAIL, "cannot start a program: %s", strerror(errno));
        return;
    }
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execl(self, "rocweld", "info", "--gpu", "soft", (char *)NULL);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        doctor_say(out_finding, DOCTOR_OK, "answer to KFD, DRM and HSA alike");
        return;
    }
    if (WIFSIGNALED(status))
        doctor_say(out_finding, DOCTOR_FAIL, "a program that looks at them dies: %s",
                   strsignal(WTERMSIG(status)));
    else
        doctor_say(out_finding, DOCTOR_FAIL, "do not answer as they should");
    doctor_advise(out_finding, "see what `rocweld info --gpu soft` says");
}
