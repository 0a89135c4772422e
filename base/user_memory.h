/* SPDX-License-Identifier: MIT
 *
 * Memory that a program names in a system call which we answer or look at in the kernel's place. A
 * bad pointer there is EFAULT to the program, and must not be a crash in us; so nothing that comes
 * from an argument is touched but by these.
 *
 * The copies are the kernel's own (process_vm_readv, or a pipe where a sandbox forbids that), made
 * of one or two system calls. Whoever only looks at what goes on to the kernel anyway asks
 * user_memory_is_readable(), which costs one of the cheapest calls there are for each page, or none
 * where the caller's stack is, and then reads. Memory that another thread unmaps in that moment is
 * not caught there: the program's own race, as with any function of libc.
 *
 * Thread safety: any thread, any signal handler; errno is kept.
 */
#ifndef ROCWELD_BASE_USER_MEMORY_H
#define ROCWELD_BASE_USER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* copy_from_user() and copy_to_user() of this process: 0, or EFAULT when any byte is not accessible
 * (what lies before it may have been copied), or what a system out of descriptors answers. */
int user_memory_copy_in(void *to, uint64_t from, size_t size);
int user_memory_copy_out(uint64_t to, const void *from, size_t size);

/* May all of it be read? Nothing may, of what wraps around; of no bytes, anything. */
bool user_memory_is_readable(const void *at, size_t size);

#endif
