/* SPDX-License-Identifier: MIT
 * Random numbers: Debian's own rocRAND and hipRAND code objects. The library's device engines are
 * compared bit by bit with the same engines compiled for the host; the host API's generators by
 * mean, variance and a Kolmogorov-Smirnov test over 1,000,000 numbers. */
#define FQUALIFIERS __forceinline__ __host__ __device__
#include "check.h"

#include <hiprand/hiprand.h>
#include <rocrand/rocrand.h>
#include <rocrand/rocrand_kernel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#define RAND_OK(call) EXPECT((call) == 0, "%s", #call)

static const size_t count = 1000000;

static double normal_cdf(double x)
{
    return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

static double uniform_cdf(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/* Distance between the sample's distribution and `cdf`, in units in which 1.95 has p = 0.001. */
template <typename T> static double kolmogorov(std::vector<T> values, double (*cdf)(double))
{
    double worst = 0, n = (double)values.size();

    std::sort(values.begin(), values.end());
    for (size_t i = 0; i < values.size(); i++) {
        double want = cdf(values[i]);
        worst = std::max(worst, std::max(std::fabs(want - i / n), std::fabs((i + 1) / n - want)));
    }
    return worst * std::sqrt(n);
}

template <typename T> static void moments(const std::vector<T> &values, double *mean, double *variance)
{
    double sum = 0, squares = 0;

    for (T value : values)
        sum += value;
    *mean = sum / values.size();
    for (T value : values)
        squares += (value - *mean) * (value - *mean);
    *variance = squares / values.size();
}

template <typename T>
static void check(const char *name, const std::vector<T> &values, double mean, double variance,
                  double (*cdf)(double))
{
    double got_mean, got_variance, sigma = std::sqrt(variance / values.size());

    moments(values, &got_mean, &got_variance);
    EXPECT(std::fabs(got_mean - mean) < 5 * sigma, "%s: mean %g, want %g", name, got_mean, mean);
    EXPECT(std::fabs(got_variance / variance - 1) < 0.01, "%s: variance %g, want %g", name,
           got_variance, variance);
    if (cdf) {
        double distance = kolmogorov(values, cdf);
        EXPECT(distance < 1.95, "%s: Kolmogorov-Smirnov distance %g", name, distance);
    }
}

template <typename T> static std::vector<T> download(const T *device)
{
    std::vector<T> host(count);

    HIP_OK(hipMemcpy(host.data(), device, count * sizeof(T), hipMemcpyDeviceToHost));
    return host;
}

static void distributions(rocrand_rng_type type, const char *name)
{
    rocrand_generator generator;
    float *floats;
    double *doubles;
    unsigned *ints;
    char label[64];
    auto title = [&](const char *what) {
        snprintf(label, sizeof label, "%s %s", name, what);
        return label;
    };

    HIP_OK(hipMalloc(&floats, count * sizeof *floats));
    HIP_OK(hipMalloc(&doubles, count * sizeof *doubles));
    HIP_OK(hipMalloc(&ints, count * sizeof *ints));
    RAND_OK(rocrand_create_generator(&generator, type));
    if (type != ROCRAND_RNG_QUASI_SOBOL32)
        RAND_OK(rocrand_set_seed(generator, 20231));
    RAND_OK(rocrand_generate_uniform(generator, floats, count));
    check(title("uniform float"), download(floats), 0.5, 1.0 / 12, uniform_cdf);
    RAND_OK(rocrand_generate_uniform_double(generator, doubles, count));
    check(title("uniform double"), download(doubles), 0.5, 1.0 / 12, uniform_cdf);
    RAND_OK(rocrand_generate_normal(generator, floats, count, 0.0f, 1.0f));
    check(title("normal float"), download(floats), 0, 1, normal_cdf);
    RAND_OK(rocrand_generate_normal_double(generator, doubles, count, 0.0, 1.0));
    check(title("normal double"), download(doubles), 0, 1, normal_cdf);
    RAND_OK(rocrand_generate_poisson(generator, ints, count, 12.5));
    check(title("poisson 12.5"), download(ints), 12.5, 12.5, nullptr);
    RAND_OK(rocrand_generate_poisson(generator, ints, count, 3000.0));
    check(title("poisson 3000"), download(ints), 3000, 3000, nullptr);
    RAND_OK(rocrand_destroy_generator(generator));
    HIP_OK(hipFree(floats));
    HIP_OK(hipFree(doubles));
    HIP_OK(hipFree(ints));
}

/* The same seed gives the same numbers, another seed others. */
static void reproducible()
{
    hiprandGenerator_t generator;
    unsigned *device;
    std::vector<unsigned> runs[3];

    HIP_OK(hipMalloc(&device, count * sizeof *device));
    for (int run = 0; run < 3; run++) {
        RAND_OK(hiprandCreateGenerator(&generator, HIPRAND_RNG_PSEUDO_PHILOX4_32_10));
        RAND_OK(hiprandSetPseudoRandomGeneratorSeed(generator, run < 2 ? 1234 : 1235));
        RAND_OK(hiprandGenerate(generator, device, count));
        runs[run] = download(device);
        RAND_OK(hiprandDestroyGenerator(generator));
    }
    EXPECT(runs[0] == runs[1], "equal seeds, different numbers");
    EXPECT(runs[0] != runs[2], "different seeds, equal numbers");
    HIP_OK(hipFree(device));
}

template <typename State> __host__ __device__ static void draw(int id, unsigned *ints, float *floats)
{
    State state;

    rocrand_init(4711ULL, (unsigned long long)id, 3ULL, &state);
    for (int i = 0; i < 4; i++)
        ints[id * 4 + i] = rocrand(&state);
    for (int i = 0; i < 4; i++)
        floats[id * 4 + i] = rocrand_uniform(&state);
}

template <typename State> __global__ void draw_all(unsigned *ints, float *floats)
{
    draw<State>(blockIdx.x * blockDim.x + threadIdx.x, ints, floats);
}

template <typename State> static void engine_equals_host(const char *name)
{
    const int n = 2048;
    std::vector<unsigned> ints(n * 4), want_ints(n * 4);
    std::vector<float> floats(n * 4), want_floats(n * 4);
    unsigned *device_ints;
    float *device_floats;

    HIP_OK(hipMalloc(&device_ints, n * 16));
    HIP_OK(hipMalloc(&device_floats, n * 16));
    draw_all<State><<<n / 128, 128>>>(device_ints, device_floats);
    HIP_OK(hipMemcpy(ints.data(), device_ints, n * 16, hipMemcpyDeviceToHost));
    HIP_OK(hipMemcpy(floats.data(), device_floats, n * 16, hipMemcpyDeviceToHost));
    for (int id = 0; id < n; id++)
        draw<State>(id, want_ints.data(), want_floats.data());
    EXPECT(ints == want_ints, "%s: integers differ from the host's", name);
    EXPECT(floats == want_floats, "%s: floats differ from the host's", name);
    HIP_OK(hipFree(device_ints));
    HIP_OK(hipFree(device_floats));
}

int main()
{
    engine_equals_host<rocrand_state_xorwow>("XORWOW");
    engine_equals_host<rocrand_state_mrg32k3a>("MRG32k3a");
    engine_equals_host<rocrand_state_philox4x32_10>("Philox");
    puts("engines equal the host's");
    reproducible();
    distributions(ROCRAND_RNG_PSEUDO_XORWOW, "XORWOW");
    distributions(ROCRAND_RNG_PSEUDO_MRG32K3A, "MRG32k3a");
    distributions(ROCRAND_RNG_PSEUDO_PHILOX4_32_10, "Philox");
    distributions(ROCRAND_RNG_QUASI_SOBOL32, "Sobol32");
    puts("rocRAND, hipRAND: ok");
    return 0;
}
