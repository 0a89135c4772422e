/* SPDX-License-Identifier: MIT */
#include "softgpu/front/kfd/kfd_symbols.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "softgpu/front/ioctl.h"

#define OBJECTS_MAX 4096 /* a list longer than this is taken for garbage */
#define SYMBOL_MAX  512

typedef char *demangle_function(const char *name, char *buffer, size_t *length, int *status);

/* Found on a thread of the program, used on device threads. */
static struct {
    _Atomic(const struct r_debug *) objects;
    _Atomic(demangle_function *) demangle;
} runtime;

void kfd_symbols_prepare(void)
{
    if (atomic_load(&runtime.objects))
        return;
    atomic_store(&runtime.objects, (const struct r_debug *)dlsym(RTLD_DEFAULT, "_amdgpu_r_debug"));
    atomic_store(&runtime.demangle, (demangle_function *)dlsym(RTLD_DEFAULT, "__cxa_demangle"));
}

/* ---- reading: ELF images lie in the program's memory or in files ---- */

struct image {
    int fd;          /* -1: in memory */
    uint64_t offset; /* in the file, or the address */
    uint64_t load_delta;
};

static bool image_read(const struct image *image, uint64_t at, void *data, size_t size)
{
    if (image->fd < 0)
        return rw_ok(front_copy_in(data, image->offset + at, size));
    return syscall(SYS_pread64, image->fd, data, size, image->offset + at) == (long)size;
}

/* A string of the program's; cut when it is longer. */
static bool read_string(uint64_t address, char *text, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++) {
        if (!rw_ok(front_copy_in(&text[i], address + i, 1)))
            return false;
        if (!text[i])
            return true;
    }
    text[size - 1] = '\0';
    return true;
}

/* "%41" and the like, in place. */
static void percent_decode(char *text)
{
    char *out = text;

    for (const char *in = text; *in; in++) {
        unsigned code;

        if (*in == '%' && sscanf(in + 1, "%2x", &code) == 1) {
            *out++ = (char)code;
            in += 2;
        } else {
            *out++ = *in;
        }
    }
    *out = '\0';
}

/* "file:///path#offset=0x1000&size=0x2000" or "memory://PID#offset=0x...&size=0x...". */
static bool image_open(char *uri, uint64_t load_delta, struct image *out_image)
{
    char *fragment = strchr(uri, '#');
    const char *offset = fragment ? strstr(fragment, "offset=") : NULL;

    *out_image = (struct image){.fd = -1, .load_delta = load_delta};
    if (offset)
        out_image->offset = strtoull(offset + strlen("offset="), NULL, 0);
    if (strncmp(uri, "memory://", 9) == 0)
        return out_image->offset != 0;
    if (strncmp(uri, "file://", 7) != 0)
        return false;
    if (fragment)
        *fragment = '\0';
    percent_decode(uri + 7);
    out_image->fd = (int)syscall(SYS_openat, AT_FDCWD, uri + 7, O_RDONLY | O_CLOEXEC);
    return out_image->fd >= 0;
}

static void image_close(const struct image *image)
{
    if (image->fd >= 0)
        syscall(SYS_close, image->fd);
}

/* ---- symbols of one image ---- */

/* What is looked for, as addresses inside the image. */
struct wanted {
    uint64_t address;
    unsigned char type; /* STT_FUNC: contains it; STT_OBJECT: starts at it */
};

static bool image_covers(const struct image *image, const Elf64_Ehdr *head, uint64_t address)
{
    for (unsigned i = 0; i < head->e_phnum; i++) {
        Elf64_Phdr segment;

        if (!image_read(image, head->e_phoff + i * sizeof segment, &segment, sizeof segment))
            return false;
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
            address - segment.p_vaddr < segment.p_memsz)
            return true;
    }
    return false;
}

static bool symbol_matches(const Elf64_Sym *symbol, const struct wanted *wanted)
{
    if (ELF64_ST_TYPE(symbol->st_info) != wanted->type || wanted->address < symbol->st_value)
        return false;
    if (wanted->type == STT_OBJECT)
        return wanted->address == symbol->st_value;
    return wanted->address - symbol->st_value < symbol->st_size;
}

static bool table_find(const struct image *image, const Elf64_Shdr *table,
                       const struct wanted *wanted, Elf64_Sym *out_symbol)
{
    enum { CHUNK = 64 };
    Elf64_Sym symbols[CHUNK];
    uint64_t count = table->sh_size / sizeof symbols[0];

    for (uint64_t first = 0; first < count; first += CHUNK) {
        uint64_t n = count - first < CHUNK ? count - first : CHUNK;

        if (!image_read(image, table->sh_offset + first * sizeof symbols[0], symbols,
                        n * sizeof symbols[0]))
            return false;
        for (uint64_t i = 0; i < n; i++) {
            if (!symbol_matches(&symbols[i], wanted))
                continue;
            *out_symbol = symbols[i];
            return true;
        }
    }
    return false;
}

static bool section_read(const struct image *image, const Elf64_Ehdr *head, uint32_t index,
                         Elf64_Shdr *out_section)
{
    return index < head->e_shnum && image_read(image, head->e_shoff + index * sizeof *out_section,
                                               out_section, sizeof *out_section);
}

/* A name in a string table; read in one piece where the table is long enough. */
static bool name_read(const struct image *image, const Elf64_Shdr *strings, uint32_t at, char *name,
                      size_t size)
{
    if (at >= strings->sh_size)
        return false;
    if (size - 1 > strings->sh_size - at)
        size = strings->sh_size - at + 1;
    name[size - 1] = '\0';
    return image_read(image, strings->sh_offset + at, name, size - 1);
}

/* The symbol tables that a code object has: .symtab if it was not stripped, .dynsym. */
static bool image_find(const struct image *image, const Elf64_Ehdr *head,
                       const struct wanted *wanted, char *name, size_t size, uint64_t *out_offset)
{
    Elf64_Shdr table, strings;
    Elf64_Sym symbol;

    for (uint32_t i = 0; i < head->e_shnum; i++) {
        if (!section_read(image, head, i, &table))
            return false;
        if (table.sh_type != SHT_SYMTAB && table.sh_type != SHT_DYNSYM)
            continue;
        if (table_find(image, &table, wanted, &symbol) &&
            section_read(image, head, table.sh_link, &strings) &&
            name_read(image, &strings, symbol.st_name, name, size)) {
            *out_offset = wanted->address - symbol.st_value;
            return true;
        }
    }
    return false;
}

static bool image_name(const struct image *image, uint64_t address, unsigned char type, char *name,
                       size_t size, uint64_t *out_offset)
{
    const struct wanted wanted = {.address = address - image->load_delta, .type = type};
    Elf64_Ehdr head;

    return image_read(image, 0, &head, sizeof head) && memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 &&
           head.e_ident[EI_CLASS] == ELFCLASS64 && image_covers(image, &head, wanted.address) &&
           image_find(image, &head, &wanted, name, size, out_offset);
}

/* ---- the list of code objects ---- */

/* Names the code at `address`, or with STT_OBJECT the kernel descriptor that starts there. */
static bool find_name(uint64_t address, unsigned char type, char *name, size_t size,
                      uint64_t *out_offset)
{
    const struct r_debug *list = atomic_load(&runtime.objects);
    struct r_debug head;
    struct link_map object;
    char uri[1024];

    if (!list || !address || !rw_ok(front_copy_in(&head, (uintptr_t)list, sizeof head)) ||
        head.r_state != RT_CONSISTENT)
        return false;
    uint64_t at = (uintptr_t)head.r_map;
    for (int i = 0; at && i < OBJECTS_MAX; i++, at = (uintptr_t)object.l_next) {
        struct image image;
        bool found;

        if (!rw_ok(front_copy_in(&object, at, sizeof object)))
            return false;
        if (!read_string((uintptr_t)object.l_name, uri, sizeof uri) ||
            !image_open(uri, object.l_addr, &image))
            continue;
        found = image_name(&image, address, type, name, size, out_offset);
        image_close(&image);
        if (found)
            return true;
    }
    return false;
}

static void demangle(char *name, size_t size)
{
    demangle_function *function = atomic_load(&runtime.demangle);
    int status = -1;

    if (!function || strncmp(name, "_Z", 2) != 0)
        return;
    char *readable = function(name, NULL, NULL, &status);
    if (readable && status == 0)
        snprintf(name, size, "%s", readable);
    free(readable);
}

void kfd_symbols_describe(uint64_t kernel_descriptor, uint64_t pc, char *text, size_t size)
{
    char name[SYMBOL_MAX] = "";
    uint64_t offset = 0;

    text[0] = '\0';
    if (find_name(pc, STT_FUNC, name, sizeof name, &offset)) {
        demangle(name, sizeof name);
        snprintf(text, size, "%s+0x%" PRIx64, name, offset);
    } else if (find_name(kernel_descriptor, STT_OBJECT, name, sizeof name, &offset)) {
        char *suffix = strstr(name, ".kd");

        if (suffix && !suffix[3])
            *suffix = '\0';
        demangle(name, sizeof name);
        snprintf(text, size, "%s", name);
    }
}
