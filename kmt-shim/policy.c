/* SPDX-License-Identifier: MIT */
#include "kmt-shim/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kfd_ioctl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "kmt-shim/counters.h"
#include "kmt-shim/next.h"

/* From KFD 1.15 (Linux 6.9) on a restore after eviction updates graphics' mappings in a compute VM
 * too, and ACQUIRE_VM takes a VM that has mappings (Linux 6.5). */
enum { KFD_MAJOR = 1, KFD_SHARING_MINOR = 15 };

static pthread_once_t wish_once = PTHREAD_ONCE_INIT;
static _Atomic enum kmt_shim_policy wish;
static enum policy_residency residency;

/* Which of `words` the variable has; 0, told once, when it is none of them. */
static int read_word(const char *variable, const char *const words[3])
{
    const char *text = getenv(variable);

    if (!text || !*text)
        return 0;
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, words[i]) == 0)
            return i;
    }
    rw_warn(shim, "%s=%s is unknown and taken as %s; use %s, %s or %s", variable, text, words[0],
            words[0], words[1], words[2]);
    return 0;
}

static void wish_read(void)
{
    static const char *const shares[] = {
        [KMT_SHIM_AUTO] = "auto",
        [KMT_SHIM_REQUIRE] = "require",
        [KMT_SHIM_OFF] = "off",
    };
    static const char *const residencies[] = {
        [POLICY_RESIDENCY_AUTO] = "auto",
        [POLICY_RESIDENCY_EXPLICIT] = "explicit",
        [POLICY_RESIDENCY_OFF] = "off",
    };

    atomic_store(&wish, (enum kmt_shim_policy)read_word("ROCWELD_SHARE", shares));
    residency = (enum policy_residency)read_word("ROCWELD_RESIDENCY", residencies);
}

enum kmt_shim_policy policy_wish(void)
{
    pthread_once(&wish_once, wish_read);
    return atomic_load_explicit(&wish, memory_order_relaxed);
}

void policy_set_wish(enum kmt_shim_policy policy)
{
    pthread_once(&wish_once, wish_read);
    atomic_store(&wish, policy);
}

enum policy_residency policy_residency(void)
{
    pthread_once(&wish_once, wish_read);
    return residency;
}

static pthread_mutex_t version_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kfd_ioctl_get_version_args version; /* all 0 until the KFD has answered */

static struct kfd_ioctl_get_version_args kfd_version(void)
{
    struct kfd_ioctl_get_version_args known;
    int fd;

    pthread_mutex_lock(&version_lock);
    if (version.major_version == 0 &&
        (fd = next_openat(AT_FDCWD, "/dev/kfd", O_RDWR | O_CLOEXEC, 0)) >= 0) {
        if (next_ioctl(fd, AMDKFD_IOC_GET_VERSION, &version) != 0)
            version = (struct kfd_ioctl_get_version_args){0};
        next_close(fd);
        counter_add(shim_calls, 3);
    }
    known = version;
    pthread_mutex_unlock(&version_lock);
    return known;
}

void policy_fork_in_child(void)
{
    pthread_mutex_init(&version_lock, NULL);
}

static bool is_old(struct kfd_ioctl_get_version_args kfd)
{
    return kfd.major_version == KFD_MAJOR && kfd.minor_version < KFD_SHARING_MINOR;
}

bool policy_acquires_early(void)
{
    return policy_wish() == KMT_SHIM_REQUIRE && is_old(kfd_version());
}

rw_status policy_check_residency(void)
{
    struct kfd_ioctl_get_version_args kfd = kfd_version();

    if (kfd.major_version == 0 || is_old(kfd))
        return RW_FAIL(ENOTSUP,
                       "this kernel's KFD is %u.%u, and before %d.%d it does not keep graphics "
                       "buffers where queues find them",
                       kfd.major_version, kfd.minor_version, KFD_MAJOR, KFD_SHARING_MINOR);
    return RW_OK;
}

rw_status policy_check(void)
{
    struct kfd_ioctl_get_version_args kfd;

    if (policy_wish() == KMT_SHIM_OFF)
        return RW_FAIL(ENOTSUP, "ROCWELD_SHARE is off");
    if (policy_wish() == KMT_SHIM_REQUIRE)
        return RW_OK;
    kfd = kfd_version();
    if (kfd.major_version == 0)
        return RW_FAIL(ENOTSUP, "/dev/kfd does not tell its version");
    if (is_old(kfd))
        return RW_FAIL(ENOTSUP,
                       "this kernel's KFD is %u.%u, and before %d.%d it moves graphics buffers "
                       "without telling compute; ROCWELD_SHARE=require shares all the same",
                       kfd.major_version, kfd.minor_version, KFD_MAJOR, KFD_SHARING_MINOR);
    return RW_OK;
}
