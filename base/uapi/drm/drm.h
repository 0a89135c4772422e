/* SPDX-License-Identifier: MIT
 *
 * <linux/kfd_ioctl.h> includes the DRM headers by their path in the kernel; Debian installs them by
 * libdrm-dev under another one.
 */
#include <libdrm/drm.h>
