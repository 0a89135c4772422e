/* SPDX-License-Identifier: MIT
 *
 * One authority over low addresses (W4). ROCm gives a buffer the GPU address that mmap() gave it on
 * the CPU; graphics drivers take theirs from libdrm's VA manager, which knows nothing of the CPU.
 * The high range is graphics' alone. For the low one
 *
 *   - a window of CPU addresses is reserved without memory, and the GPU's description, as INFO
 *     tells it, is narrowed to it: what libdrm's VA manager gives out, mmap() never does;
 *   - an address outside of it that graphics maps all the same is reserved while it is mapped, if
 *     the CPU has nothing there.
 *
 * Thread safety: any thread.
 */
#ifndef KMT_SHIM_VA_H
#define KMT_SHIM_VA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ROCWELD_VA is not "off". */
bool va_is_guarded(void);

/* The answer to AMDGPU_INFO_DEV_INFO, of which `size` bytes are there. Reserves the window when
 * first called; when there is none to be had, nothing is changed. */
void va_narrow(void *dev_info, size_t size);

/* Reserves [start, start + size) against the CPU; false: it is not ours to reserve (it is in the
 * window or the high range, or the CPU has something there). */
bool va_hold(uint64_t start, uint64_t size);
/* Gives back what is still as va_hold() left it of these addresses. */
void va_release(uint64_t start, uint64_t size);

#endif
