/* SPDX-License-Identifier: MIT
 *
 * The picture of the VM: well-formed whatever is mapped, one rectangle for each mapping, and
 * nothing outside of the plot. `test_vm_map FOLDER` leaves the pictures there, to be looked at.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "kmt-shim/vm_map.h"
#include "tests/unit/random.h"

static const char *folder;

/* A record that is made up; the clock is `now`. */
struct fixture {
    struct vm_map map;
    uint64_t now;
};

static void fixture_init(struct fixture *f, const char *program)
{
    memset(f, 0, sizeof *f);
    f->map.items = calloc(VM_MAP_ITEMS, sizeof *f->map.items);
    f->map.marks = calloc(VM_MAP_MARKS, sizeof *f->map.marks);
    assert_non_null(f->map.items);
    assert_non_null(f->map.marks);
    f->map.pid = 4711;
    f->map.program = program;
    f->map.gpu_id[0] = 0x1002;
    f->map.gpu_id[1] = 0x1003;
    f->now = 1000000000;
}

static struct vm_map_item *item_add(struct fixture *f, enum kmt_shim_api api, uint64_t start,
                                    uint64_t size, uint32_t flags)
{
    struct vm_map_item *item = &f->map.items[f->map.count++];

    *item = (struct vm_map_item){
        .range = {.start = start,
                  .size = size,
                  .bo_size = size,
                  .handle = UINT64_C(0x100200000000) + f->map.count,
                  .api = api,
                  .flags = flags | KMT_SHIM_BO_READ | KMT_SHIM_BO_WRITE,
                  .render_minor = 128,
                  .owner_gpu_id = 0x1002},
        .begin = f->now,
        .end = VM_MAP_MAPPED,
    };
    return item;
}

/* What is written; the caller frees it. */
static char *picture_of(struct fixture *f, const char *name)
{
    char path[4096], command[4200];
    long size;
    FILE *file;
    char *text;
    int fd;

    snprintf(path, sizeof path, "%s/vm_map_%s.svg", folder, name);
    f->map.end = f->now;
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_true(vm_map_draw(&f->map, fd));
    snprintf(command, sizeof command, "xmllint --noout '%s'", path);
    assert_int_equal(system(command), 0);
    file = fdopen(fd, "r");
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), (size_t)size);
    text[size] = 0;
    fclose(file);
    return text;
}

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;

    while ((text = strstr(text, word))) {
        count++;
        text += strlen(word);
    }
    return count;
}

/* Every rectangle of a mapping lies within its plot, and is large enough to be seen. */
static void assert_in_plot(const char *text)
{
    const char *word = "<g><rect class=\"map";

    while ((text = strstr(text, word))) {
        double x, y, width, height;

        text = strstr(text, " x=");
        assert_int_equal(sscanf(text, " x=\"%lf\" y=\"%lf\" width=\"%lf\" height=\"%lf\"", &x, &y,
                                &width, &height),
                         4);
        assert_true(x >= 96 && x + width <= 96 + 1250 + 0.5);
        assert_true(y >= 0 && width > 0 && height >= 1.49);
    }
}

static void fixture_finish(struct fixture *f)
{
    free(f->map.items);
    free(f->map.marks);
}

static void mark_add(struct fixture *f, enum kmt_shim_event_kind kind, uint64_t address,
                     const char *text)
{
    struct vm_map_mark *mark = &f->map.marks[f->map.mark_count++];

    mark->kind = kind;
    mark->minor = 128;
    mark->at = f->now;
    mark->address = address;
    snprintf(mark->text, sizeof mark->text, "%s", text);
}

/* What a small program with both sides does, on two GPUs. */
static void draws_a_small_program(void **state)
{
    struct vm_map_item *shared, *peer;
    struct fixture f;
    char *text;

    (void)state;
    fixture_init(&f, "interop <\"'&>");
    item_add(&f, KMT_SHIM_GEM, 0x200000, 2 << 20, KMT_SHIM_BO_VRAM);
    f.now += 3000000;
    mark_add(&f, KMT_SHIM_EVENT_SETTLED, 0, "");
    item_add(&f, KMT_SHIM_KFD_DEVICE, 0x7f4a00000000, 4096, 0);
    item_add(&f, KMT_SHIM_KFD, 0x7f4a00010000, 65536, KMT_SHIM_BO_GTT);
    item_add(&f, KMT_SHIM_KFD, 0x7f4a00400000, 64 << 20, KMT_SHIM_BO_VRAM);
    f.now += 40000;
    item_add(&f, KMT_SHIM_KFD_USERPTR, 0x7f4b12345000, 1 << 20, KMT_SHIM_BO_GTT)->end =
        f.now + 9000000;
    item_add(&f, KMT_SHIM_SVM, 0x7f4b20000000, 8 << 20, 0);
    shared = item_add(&f, KMT_SHIM_GEM, 0xffff800000200000, 16 << 20,
                      KMT_SHIM_BO_VRAM | KMT_SHIM_BO_RESIDENT);
    f.now += 12000000;
    *(peer = item_add(&f, KMT_SHIM_GEM, 0xffff800008000000, 16 << 20, KMT_SHIM_BO_VRAM)) = *shared;
    peer->range.start = 0xffff800008000000;
    peer = item_add(&f, KMT_SHIM_KFD, 0x7f4a00400000, 64 << 20, KMT_SHIM_BO_VRAM);
    peer->range.render_minor = 129;
    item_add(&f, KMT_SHIM_KFD, 0x7f4a10000000, 1 << 30, KMT_SHIM_BO_VRAM)->range.render_minor = 129;
    f.now += 5000000;
    mark_add(&f, KMT_SHIM_EVENT_FAULT, 0x7f4a04400080, "128 bytes past the end of <a buffer>");
    f.now += 1000000;
    text = picture_of(&f, "small");
    assert_int_equal(count_of(text, "<g><rect class=\"map"), f.map.count);
    assert_int_equal(count_of(text, "class=\"panel\""), 2);
    assert_non_null(strstr(text, "interop &#60;&#34;&#39;&#38;&#62;"));
    assert_non_null(strstr(text, "0xffff800000200000 .. 0xffff8000011fffff (16 MiB)"));
    assert_non_null(strstr(text, "GPU fault at "));
    assert_non_null(strstr(text, "past the end of &#60;a buffer&#62;"));
    assert_int_equal(count_of(text, "fill=\"url(#peer)\""), 2 + 1); /* and one in the legend */
    assert_in_plot(text);
    free(text);
    fixture_finish(&f);
}

/* Thousands of mappings that come and go. */
static void draws_a_large_program(void **state)
{
    static const struct {
        enum kmt_shim_api api;
        uint64_t base;
        uint32_t flags;
    } kinds[] = {
        {KMT_SHIM_KFD, 0x7f0000000000, KMT_SHIM_BO_VRAM},
        {KMT_SHIM_KFD, 0x7f4000000000, KMT_SHIM_BO_GTT},
        {KMT_SHIM_GEM, 0xffff800000000000, KMT_SHIM_BO_VRAM},
        {KMT_SHIM_SVM, 0x7f8000000000, 0},
        {KMT_SHIM_KFD_USERPTR, 0x7f8100000000, 0},
    };
    uint64_t next[5] = {0}, seed = 3;
    struct fixture f;
    char *text;

    (void)state;
    fixture_init(&f, "large");
    for (int i = 0; i < 5000; i++) {
        int kind = (int)random_below(&seed, 5);
        uint64_t size = UINT64_C(4096) << random_below(&seed, 12);
        struct vm_map_item *item =
            item_add(&f, kinds[kind].api, kinds[kind].base + next[kind], size, kinds[kind].flags);

        next[kind] += size + (random_below(&seed, 4) ? 0 : 4096 * random_below(&seed, 600));
        f.now += random_below(&seed, 100) ? 20000 : 30000000;
        if (random_below(&seed, 2))
            item->end = f.now + 1000 * random_below(&seed, 400000);
    }
    f.now += 500000000;
    text = picture_of(&f, "large");
    assert_int_equal(count_of(text, "<g><rect class=\"map"), 5000);
    assert_in_plot(text);
    free(text);
    fixture_finish(&f);
}

static void draws_the_ends_of_the_address_space(void **state)
{
    struct fixture f;
    char *text;

    (void)state;
    fixture_init(&f, "");
    item_add(&f, KMT_SHIM_GEM, 0, 4096, 0);
    item_add(&f, KMT_SHIM_GEM, UINT64_C(0) - 4096, 4096, 0);
    text = picture_of(&f, "ends");
    assert_int_equal(count_of(text, "<g><rect class=\"map"), 2);
    assert_in_plot(text);
    free(text);
    fixture_finish(&f);
}

static void says_what_it_leaves_out(void **state)
{
    struct fixture f;
    char *text;

    (void)state;
    fixture_init(&f, "full");
    item_add(&f, KMT_SHIM_KFD, 0x1000000, 4096, KMT_SHIM_BO_VRAM);
    f.map.dropped = 17;
    text = picture_of(&f, "full");
    assert_non_null(strstr(text, "17 later mappings are not shown"));
    free(text);
    fixture_finish(&f);
}

static void fails_where_it_cannot_write(void **state)
{
    int fd = open("/dev/full", O_WRONLY);
    struct fixture f;

    (void)state;
    fixture_init(&f, "full");
    item_add(&f, KMT_SHIM_KFD, 0x1000000, 4096, KMT_SHIM_BO_VRAM);
    assert_false(vm_map_draw(&f.map, fd));
    close(fd);
    fixture_finish(&f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_a_small_program),
        cmocka_unit_test(draws_a_large_program),
        cmocka_unit_test(draws_the_ends_of_the_address_space),
        cmocka_unit_test(says_what_it_leaves_out),
        cmocka_unit_test(fails_where_it_cannot_write),
    };

    folder = argc > 1 ? argv[1] : ".";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
