/* SPDX-License-Identifier: MIT
 *
 * librocweld-door.so: puts rocweld's libraries in front of libc in a process that was not started
 * with LD_PRELOAD. It comes in as a dependency of a stand-in for a library of the GPU stack (see
 * CMakeLists.txt), which by then is behind libc in search order; so the slots through which the
 * loaded objects call libc are pointed to the hooks instead.
 *
 * Objects that are loaded later are looked at when a program next asks for an address (dlsym):
 * before it has one it cannot call what it has loaded. What such an object's constructors call is
 * not seen.
 *
 * Thread safety: slots are written in one store each, by any thread that finds new objects; two
 * that do so at once write the same.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kmt-shim/door/objects.h"

#define HIDDEN __attribute__((visibility("hidden")))

/* The libraries with hooks, the front one first: as `rocweld run` preloads them. */
static const char *const layer_files[] = {
    "librocweld-trace.so",
    "librocweld-kmt-shim.so",
    "librocweld-softgpu.so",
};

enum { LAYER_COUNT = sizeof layer_files / sizeof layer_files[0], HOOK_COUNT_MAX = 256 };

struct hook {
    const char *name;
    void *functions[LAYER_COUNT]; /* NULL where a layer lets it pass */
    void *behind;                 /* what is behind all layers: libc's, or another interposer's */
};

static struct elf_object layers[LAYER_COUNT]; /* base 0: not loaded */
static struct hook hooks[HOOK_COUNT_MAX];
static size_t hook_count;

/* How many objects had ever been loaded when this thread last looked. A thread looks for itself:
 * what another saw may have been half loaded. */
static _Thread_local unsigned long long seen;

/* Not static: the assembly below names them. */
HIDDEN void *(*door_real_dlsym)(void *handle, const char *name);
HIDDEN void *door_dlsym(void *handle, const char *name);
HIDDEN void *door_answer(void *handle, const char *name, const void *caller);

static int hook_compare(const void *name, const void *hook)
{
    return strcmp(name, ((const struct hook *)hook)->name);
}

static int hook_order(const void *one, const void *other)
{
    return strcmp(((const struct hook *)one)->name, ((const struct hook *)other)->name);
}

static const struct hook *hook_find(const char *name)
{
    return bsearch(name, hooks, hook_count, sizeof *hooks, hook_compare);
}

static void *hook_front(const struct hook *hook)
{
    for (int i = 0; i < LAYER_COUNT; i++) {
        if (hook->functions[i])
            return hook->functions[i];
    }
    return NULL;
}

static int layer_of(const void *address)
{
    for (int i = 0; i < LAYER_COUNT; i++) {
        if (layers[i].base && object_has(&layers[i], address))
            return i;
    }
    return -1;
}

/* ---- the hooks ---- */

static int find_layer(struct dl_phdr_info *info, size_t size, void *context)
{
    struct elf_object object;

    (void)size;
    (void)context;
    if (!object_read(info, &object))
        return 0;
    for (int i = 0; i < LAYER_COUNT; i++) {
        if (strcmp(object.file, layer_files[i]) == 0)
            layers[i] = object;
    }
    return 0;
}

static struct hook *hook_make(const char *name)
{
    for (size_t i = 0; i < hook_count; i++) {
        if (strcmp(hooks[i].name, name) == 0)
            return &hooks[i];
    }
    if (hook_count == HOOK_COUNT_MAX)
        return NULL;
    hooks[hook_count] = (struct hook){.name = name};
    return &hooks[hook_count++];
}

static void note_function(void *context, const char *name, void *address)
{
    const int *layer = context;
    struct hook *hook = hook_make(name);

    if (hook)
        hook->functions[*layer] = address;
    else
        rw_error(shim, "%s has more than %d functions; %s() passes it by", layer_files[*layer],
                 HOOK_COUNT_MAX, name);
}

/* A name that libc does not have is a layer's own interface, not a hook. */
static bool find_behind(struct hook *hook, void *libc)
{
    void *first = door_real_dlsym(RTLD_DEFAULT, hook->name);
    void *libcs = door_real_dlsym(libc, hook->name);

    hook->behind = first && layer_of(first) < 0 ? first : libcs;
    return libcs != NULL;
}

static void collect_hooks(void)
{
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    size_t kept = 0;

    door_real_dlsym = dlsym;
    if (!libc) {
        rw_error(shim, "the door found no glibc in this process; it stays shut");
        return;
    }
    dl_iterate_phdr(find_layer, NULL);
    for (int i = 0; i < LAYER_COUNT; i++) {
        if (layers[i].base)
            object_for_each_function(&layers[i], note_function, &i);
    }
    for (size_t i = 0; i < hook_count; i++) {
        if (find_behind(&hooks[i], libc))
            hooks[kept++] = hooks[i];
    }
    hook_count = kept;
    qsort(hooks, hook_count, sizeof *hooks, hook_order);
    dlclose(libc);
}

/* ---- the slots ---- */

/* Layers are treated as all others: what they call themselves goes to the front as well, as if
 * they were preloaded. */
static void *value_for(void *context, const struct elf_slot *slot)
{
    const struct hook *hook;

    (void)context;
    if (strcmp(slot->name, "dlsym") == 0)
        return slot->is_data ? NULL : (void *)door_dlsym;
    if (!(hook = hook_find(slot->name)))
        return NULL;
    if (slot->is_data && *slot->at != hook->behind)
        return NULL;
    return hook_front(hook);
}

static int rebind(struct dl_phdr_info *info, size_t size, void *context)
{
    const unsigned long long *before = context;
    struct elf_object object;

    (void)size;
    if (info->dlpi_adds == *before)
        return 1;
    seen = info->dlpi_adds;
    if (!object_read(info, &object) || object_has(&object, (const void *)rebind))
        return 0;
    if (!object_rebind(&object, value_for, NULL))
        rw_error(shim, "%s: its calls cannot be led through the shim",
                 *object.file ? object.file : "the program");
    return 0;
}

static void refresh(void)
{
    unsigned long long before = seen;

    dl_iterate_phdr(rebind, &before);
}

/* ---- dlsym ---- */

/* What dlsym() answers where search order would be wrong: to a layer that asks for the next
 * function, and to whoever asks for the first. NULL: as libc says. */
void *door_answer(void *handle, const char *name, const void *caller)
{
    int layer = layer_of(caller);
    const struct hook *hook;

    if (layer < 0)
        refresh();
    if ((handle != RTLD_NEXT && handle != RTLD_DEFAULT) || !name || !(hook = hook_find(name)))
        return NULL;
    if (handle == RTLD_DEFAULT)
        return hook_front(hook);
    if (layer < 0)
        return NULL;
    while (++layer < LAYER_COUNT) {
        if (hook->functions[layer])
            return hook->functions[layer];
    }
    return hook->behind;
}

/* libc's dlsym() goes by its return address, so it is jumped to, not called. */
__asm__(".text\n"
        ".globl door_dlsym\n"
        ".hidden door_dlsym\n"
        ".type door_dlsym, @function\n"
        "door_dlsym:\n"
        "    .cfi_startproc\n"
        "    endbr64\n"
        "    mov (%rsp), %rdx\n"
        "    push %rdi\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    push %rsi\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    sub $8, %rsp\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    call door_answer\n"
        "    add $8, %rsp\n"
        "    .cfi_adjust_cfa_offset -8\n"
        "    pop %rsi\n"
        "    .cfi_adjust_cfa_offset -8\n"
        "    pop %rdi\n"
        "    .cfi_adjust_cfa_offset -8\n"
        "    test %rax, %rax\n"
        "    jz 1f\n"
        "    ret\n"
        "1:  mov door_real_dlsym(%rip), %rax\n"
        "    jmp *%rax\n"
        "    .cfi_endproc\n"
        ".size door_dlsym, . - door_dlsym\n");

static __attribute__((constructor)) void door_open(void)
{
    collect_hooks();
    refresh();
}
