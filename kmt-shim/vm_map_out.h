/* SPDX-License-Identifier: MIT
 *
 * Text for the map of the VM, written to a descriptor. Private to vm_map_svg.c. Allocates nothing,
 * so that it works in a process whose heap is broken. Thread safety: none.
 */
#ifndef KMT_SHIM_VM_MAP_OUT_H
#define KMT_SHIM_VM_MAP_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PUT_MAX = 2048 }; /* bytes that one put() writes at most */

struct vm_map_out {
    int fd;
    bool failed; /* something was lost */
    size_t used;
    char buffer[8 * PUT_MAX];
};

void put(struct vm_map_out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Text from elsewhere: as XML wants it, and what is not printable ASCII as a question mark. */
void put_text(struct vm_map_out *out, const char *text);
void put_size(struct vm_map_out *out, uint64_t bytes);
void put_time(struct vm_map_out *out, uint64_t ns);
void put_flush(struct vm_map_out *out);

#endif
