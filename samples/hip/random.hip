/* SPDX-License-Identifier: MIT
 * A million normal random numbers by rocRAND, whose GPU code comes with the library:
 *
 *     hipcc --offload-arch=gfx1030 random.hip -o random -lrocrand
 */
#include <hip/hip_runtime.h>
#include <rocrand/rocrand.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

static void check(int status, const char *call)
{
    if (status == 0)
        return;
    fprintf(stderr, "random: %s: status %d\n", call, status);
    exit(1);
}
#define CHECK(call) check((int)(call), #call)

int main()
{
    const size_t count = 1000000;
    const double mean = 10, deviation = 2;
    std::vector<float> numbers(count);
    rocrand_generator generator;
    double sum = 0, squares = 0;
    float *device;

    CHECK(hipMalloc(&device, count * sizeof *device));
    CHECK(rocrand_create_generator(&generator, ROCRAND_RNG_PSEUDO_PHILOX4_32_10));
    CHECK(rocrand_set_seed(generator, 1));
    CHECK(rocrand_generate_normal(generator, device, count, (float)mean, (float)deviation));
    CHECK(hipMemcpy(numbers.data(), device, count * sizeof *device, hipMemcpyDeviceToHost));
    CHECK(rocrand_destroy_generator(generator));
    CHECK(hipFree(device));
    for (float number : numbers)
        sum += number;
    sum /= count;
    for (float number : numbers)
        squares += (number - sum) * (number - sum);
    squares = std::sqrt(squares / count);
    printf("random: %zu normal numbers by rocRAND, mean %.4f, deviation %.4f\n", count, sum, squares);

    /* Five standard errors of either estimate. */
    double error = deviation / std::sqrt((double)count);
    if (std::fabs(sum - mean) > 5 * error || std::fabs(squares - deviation) > 5 * error)
        return fprintf(stderr, "random: should be %g and %g\n", mean, deviation), 1;
    return 0;
}
