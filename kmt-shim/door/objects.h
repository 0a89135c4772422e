/* SPDX-License-Identifier: MIT
 *
 * A loaded ELF object, as far as the door reads and changes it: the symbols that it defines, and
 * the slots through which it calls what others define. x86-64 only.
 *
 * The tables belong to the dynamic loader and live as long as the object is loaded; callers hold
 * dl_iterate_phdr's lock, or know that the object stays.
 */
#ifndef KMT_SHIM_DOOR_OBJECTS_H
#define KMT_SHIM_DOOR_OBJECTS_H

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_object {
    uintptr_t base;
    uintptr_t start, end; /* of all that is mapped */
    const char *file;     /* without folders; "" for the program itself */
    const Elf64_Sym *symbols;
    const char *strings;
    const uint32_t *gnu_hash;
    const uint32_t *sysv_hash;
    const Elf64_Rela *relocations[2]; /* DT_RELA, DT_JMPREL */
    size_t relocation_count[2];
    uintptr_t relro_start, relro_end; /* whole pages that the loader has made read-only */
};

/* False for an object without symbols, and for the kernel's. */
bool object_read(const struct dl_phdr_info *info, struct elf_object *out_object);

static inline bool object_has(const struct elf_object *object, const void *address)
{
    return (uintptr_t)address >= object->start && (uintptr_t)address < object->end;
}

/* Calls `visit` for every function that the object defines for others. */
void object_for_each_function(const struct elf_object *object,
                              void (*visit)(void *context, const char *name, void *address),
                              void *context);

/* Where an object keeps the address of a function that another object defines. */
struct elf_slot {
    void **at;
    const char *name;
    bool is_data; /* a variable of the program's, which may have changed it */
};

/* Calls `value_for` for every such slot and stores what it returns; NULL leaves a slot as it is.
 * False when memory could not be made writable: the rest of the object is left as it is. */
bool object_rebind(const struct elf_object *object,
                   void *(*value_for)(void *context, const struct elf_slot *slot), void *context);

#endif
