/* SPDX-License-Identifier: MIT
 *
 * ggml's Vulkan backend against its CPU backend: matrix products in several formats, and what
 * neural networks put between them. Prints the largest error of each, and "ok".
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ggml-backend.h>
#include <ggml.h>

enum { M = 96, N = 40, K = 256 };

struct problem {
    struct ggml_context *context;
    struct ggml_tensor *a, *b, *result;
    struct ggml_cgraph *graph;
    ggml_backend_buffer_t buffer;
};

static void die(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

static float number(unsigned i)
{
    i = (i ^ 61) ^ (i >> 16);
    i *= 9;
    i ^= i >> 4;
    i *= 0x27d4eb2d;
    return (float)(i >> 8) / (1 << 24) - 0.5f;
}

static void tensor_fill(struct ggml_tensor *tensor, unsigned seed)
{
    size_t count = (size_t)ggml_nelements(tensor);
    float *values = malloc(count * sizeof *values);
    void *quantized = malloc(ggml_nbytes(tensor));

    for (size_t i = 0; i < count; i++)
        values[i] = number((unsigned)i + seed);
    if (tensor->type == GGML_TYPE_F32)
        memcpy(quantized, values, count * sizeof *values);
    else
        ggml_quantize_chunk(tensor->type, values, quantized, 0, tensor->ne[1], tensor->ne[0], NULL);
    ggml_backend_tensor_set(tensor, quantized, 0, ggml_nbytes(tensor));
    free(quantized);
    free(values);
}

/* softmax(gelu(norm(a b))) */
static void problem_build(struct problem *p, ggml_backend_t backend, enum ggml_type type)
{
    struct ggml_init_params params = {.mem_size = 1 << 20, .no_alloc = true};
    struct ggml_context *c = p->context = ggml_init(params);

    p->a = ggml_new_tensor_2d(c, type, K, M);
    p->b = ggml_new_tensor_2d(c, GGML_TYPE_F32, K, N);
    p->result = ggml_soft_max(c, ggml_gelu(c, ggml_norm(c, ggml_mul_mat(c, p->a, p->b), 1e-5f)));
    p->graph = ggml_new_graph(c);
    ggml_build_forward_expand(p->graph, p->result);
    p->buffer = ggml_backend_alloc_ctx_tensors(c, backend);
    if (!p->buffer)
        die("no memory for the tensors");
    tensor_fill(p->a, 1);
    tensor_fill(p->b, 100000);
}

static void solve(ggml_backend_t backend, enum ggml_type type, float *out)
{
    struct problem p;

    problem_build(&p, backend, type);
    if (ggml_backend_graph_compute(backend, p.graph) != GGML_STATUS_SUCCESS)
        die("the graph is not computed");
    ggml_backend_tensor_get(p.result, out, 0, M * N * sizeof(float));
    ggml_backend_buffer_free(p.buffer);
    ggml_free(p.context);
}

static void compare(ggml_backend_t gpu, ggml_backend_t cpu, enum ggml_type type)
{
    static float got[M * N], want[M * N];
    float error = 0, sum = 0;

    solve(gpu, type, got);
    solve(cpu, type, want);
    for (unsigned i = 0; i < M * N; i++) {
        error = fmaxf(error, fabsf(got[i] - want[i]));
        sum += got[i];
    }
    printf("%s: largest error %g\n", ggml_type_name(type), (double)error);
    /* Every row of a softmax sums to 1, values are about 1 / M; both backends round the factors of
     * products with quantized matrices to 8 bits, in blocks of different sizes. */
    if (!(error < 0.2f / M) || !(fabsf(sum - N) < 0.01f))
        die("the GPU's result is wrong");
}

int main(void)
{
    static const enum ggml_type types[] = {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_Q8_0,
                                           GGML_TYPE_Q4_0, GGML_TYPE_Q6_K};
    ggml_backend_t gpu, cpu;

    ggml_backend_load_all();
    gpu = ggml_backend_init_by_name("Vulkan0", NULL);
    cpu = ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, NULL);
    if (!gpu || !cpu)
        die("ggml has no Vulkan device");
    printf("%s\n", ggml_backend_dev_description(ggml_backend_get_device(gpu)));
    for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++)
        compare(gpu, cpu, types[i]);
    ggml_backend_free(gpu);
    ggml_backend_free(cpu);
    puts("ok");
    return 0;
}
