/* SPDX-License-Identifier: MIT */
#include "kmt-shim/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kfd_ioctl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "kmt-shim/next.h"

/* From KFD 1.15 (Linux 6.9) on a restore after eviction updates graphics' mappings in a compute VM
 * too, and ACQUIRE_VM takes a VM that has mappings (Linux 6.5). */
enum { KFD_MAJOR = 1, KFD_SHARING_MINOR = 15 };

static pthread_once_t wish_once = PTHREAD_ONCE_INIT;
static enum kmt_shim_policy wish;

static void wish_read(void)
{
    const char *text = getenv("ROCWELD_SHARE");

    wish = KMT_SHIM_AUTO;
    if (!text || !*text || strcmp(text, "auto") == 0)
        return;
    if (strcmp(text, "require") == 0)
        wish = KMT_SHIM_REQUIRE;
    else if (strcmp(text, "off") == 0)
        wish = KMT_SHIM_OFF;
    else
        rw_warn(shim, "ROCWELD_SHARE=%s is unknown and taken as auto; use auto, require or off",
                text);
}

enum kmt_shim_policy policy_wish(void)
{
    pthread_once(&wish_once, wish_read);
    return wish;
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
        close(fd);
    }
    known = version;
    pthread_mutex_unlock(&version_lock);
    return known;
}

void policy_fork_in_child(void)
{
    pthread_mutex_init(&version_lock, NULL);
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
    if (kfd.major_version == KFD_MAJOR && kfd.minor_version < KFD_SHARING_MINOR)
        return RW_FAIL(ENOTSUP,
                       "this kernel's KFD is %u.%u, and before %d.%d it moves graphics buffers "
                       "without telling compute; ROCWELD_SHARE=require shares all the same",
                       kfd.major_version, kfd.minor_version, KFD_MAJOR, KFD_SHARING_MINOR);
    return RW_OK;
}
