/* SPDX-License-Identifier: MIT */
#include "kmt-shim/door/objects.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* glibc adds the base to these entries when it loads an object; the kernel's own object keeps
 * offsets. */
static const void *dynamic_pointer(const struct elf_object *object, const Elf64_Dyn *entry)
{
    uintptr_t value = entry->d_un.d_ptr;

    return (const void *)(value < object->base ? value + object->base : value);
}

static void read_dynamic(struct elf_object *object, const Elf64_Dyn *entry)
{
    for (; entry->d_tag != DT_NULL; entry++) {
        switch (entry->d_tag) {
        case DT_SYMTAB:
            object->symbols = dynamic_pointer(object, entry);
            break;
        case DT_STRTAB:
            object->strings = dynamic_pointer(object, entry);
            break;
        case DT_GNU_HASH:
            object->gnu_hash = dynamic_pointer(object, entry);
            break;
        case DT_HASH:
            object->sysv_hash = dynamic_pointer(object, entry);
            break;
        case DT_RELA:
            object->relocations[0] = dynamic_pointer(object, entry);
            break;
        case DT_RELASZ:
            object->relocation_count[0] = entry->d_un.d_val / sizeof(Elf64_Rela);
            break;
        case DT_JMPREL:
            object->relocations[1] = dynamic_pointer(object, entry);
            break;
        case DT_PLTRELSZ:
            object->relocation_count[1] = entry->d_un.d_val / sizeof(Elf64_Rela);
            break;
        default:
            break;
        }
    }
}

static void read_load(struct elf_object *object, const Elf64_Phdr *header)
{
    uintptr_t start = object->base + header->p_vaddr, end = start + header->p_memsz;

    if (!object->end || start < object->start)
        object->start = start;
    if (end > object->end)
        object->end = end;
}

bool object_read(const struct dl_phdr_info *info, struct elf_object *out_object)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const Elf64_Dyn *dynamic = NULL;
    const char *name = info->dlpi_name ? info->dlpi_name : "", *slash = strrchr(name, '/');

    *out_object = (struct elf_object){.base = info->dlpi_addr, .file = slash ? slash + 1 : name};
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const Elf64_Phdr *header = &info->dlpi_phdr[i];
        uintptr_t address = info->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_LOAD) {
            read_load(out_object, header);
        } else if (header->p_type == PT_DYNAMIC) {
            dynamic = (const Elf64_Dyn *)address;
        } else if (header->p_type == PT_GNU_RELRO) {
            out_object->relro_start = address & ~(page - 1);
            out_object->relro_end = (address + header->p_memsz) & ~(page - 1);
        }
    }
    if (!dynamic || strncmp(out_object->file, "linux-vdso.", 11) == 0)
        return false;
    read_dynamic(out_object, dynamic);
    return out_object->symbols && out_object->strings;
}

/* The GNU table says only where chains begin; the last chain's end is the last symbol. */
static size_t gnu_symbol_count(const uint32_t *table)
{
    uint32_t bucket_count = table[0], first = table[1], bloom_words = table[2];
    const uint32_t *buckets = table + 4 + bloom_words * (sizeof(Elf64_Addr) / sizeof(uint32_t));
    const uint32_t *chains = buckets + bucket_count;
    uint32_t last = 0;

    for (uint32_t i = 0; i < bucket_count; i++)
        last = buckets[i] > last ? buckets[i] : last;
    if (last < first)
        return first;
    while (!(chains[last - first] & 1))
        last++;
    return last + 1;
}

static size_t symbol_count(const struct elf_object *object)
{
    if (object->gnu_hash)
        return gnu_symbol_count(object->gnu_hash);
    return object->sysv_hash ? object->sysv_hash[1] : 0;
}

void object_for_each_function(const struct elf_object *object,
                              void (*visit)(void *context, const char *name, void *address),
                              void *context)
{
    size_t count = symbol_count(object);

    for (size_t i = 0; i < count; i++) {
        const Elf64_Sym *symbol = &object->symbols[i];
        if (symbol->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol->st_info) == STT_FUNC &&
            ELF64_ST_BIND(symbol->st_info) != STB_LOCAL)
            visit(context, object->strings + symbol->st_name,
                  (void *)(object->base + symbol->st_value));
    }
}

static bool slot_read(const struct elf_object *object, const Elf64_Rela *relocation,
                      struct elf_slot *out_slot)
{
    const Elf64_Sym *symbol = &object->symbols[ELF64_R_SYM(relocation->r_info)];

    switch (ELF64_R_TYPE(relocation->r_info)) {
    case R_X86_64_JUMP_SLOT:
    case R_X86_64_GLOB_DAT:
        out_slot->is_data = false;
        break;
    case R_X86_64_64:
        out_slot->is_data = true;
        break;
    default:
        return false;
    }
    if (symbol->st_shndx != SHN_UNDEF || relocation->r_addend != 0)
        return false;
    out_slot->at = (void **)(object->base + relocation->r_offset);
    out_slot->name = object->strings + symbol->st_name;
    return true;
}

static bool in_relro(const struct elf_object *object, const struct elf_slot *slot)
{
    return (uintptr_t)slot->at >= object->relro_start && (uintptr_t)slot->at < object->relro_end;
}

static bool set_relro(const struct elf_object *object, int rights)
{
    return mprotect((void *)object->relro_start, object->relro_end - object->relro_start, rights) ==
           0;
}

bool object_rebind(const struct elf_object *object,
                   void *(*value_for)(void *context, const struct elf_slot *slot), void *context)
{
    bool open = false;
    struct elf_slot slot;

    for (int table = 0; table < 2; table++) {
        for (size_t i = 0; i < object->relocation_count[table]; i++) {
            void *value;
            if (!slot_read(object, &object->relocations[table][i], &slot) ||
                !(value = value_for(context, &slot)) || value == *slot.at)
                continue;
            if (!open && in_relro(object, &slot) &&
                !(open = set_relro(object, PROT_READ | PROT_WRITE)))
                return false;
            __atomic_store_n(slot.at, value, __ATOMIC_RELEASE);
        }
    }
    return !open || set_relro(object, PROT_READ);
}
