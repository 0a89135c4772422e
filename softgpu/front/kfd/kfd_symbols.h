/* SPDX-License-Identifier: MIT
 *
 * Names for GPU code addresses. The HSA runtime lists its loaded code objects for debuggers
 * (_amdgpu_r_debug, laid out as <link.h> has it; names are URIs of the ELF images). The list and
 * the images are read like any memory of the program's: with checked copies, for they may change or
 * be gone.
 *
 * Thread safety: any thread. kfd_symbols_prepare() may take the dynamic linker's lock and so is for
 * the program's threads only; kfd_symbols_describe() takes no lock.
 */
#ifndef SOFTGPU_FRONT_KFD_SYMBOLS_H
#define SOFTGPU_FRONT_KFD_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/* Finds the list, if the program has one by now. Cheap when it is known. */
void kfd_symbols_prepare(void);

/* Writes "name+0x1c", or just the name when `pc` is 0 and only the kernel descriptor is known.
 * Empty text when nothing is known. */
void kfd_symbols_describe(uint64_t kernel_descriptor, uint64_t pc, char *text, size_t size);

#endif
