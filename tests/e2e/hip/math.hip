/* SPDX-License-Identifier: MIT
 * The device math library against the host's, in units in the last place. The bounds are those
 * that the HIP documentation gives for the device functions, plus one for the host's own; tgamma's
 * is that of the library's way to fold negative arguments, which rounds |x| + 3. */
#include "check.h"

#include <cmath>
#include <cstring>
#include <vector>

#define FUNCTIONS(X)                                                                               \
    X(sin, 3) X(cos, 3) X(tan, 5) X(exp, 3) X(exp2, 3) X(exp10, 3) X(expm1, 3) X(log, 3)           \
    X(log2, 3) X(log10, 4) X(log1p, 3) X(sqrt, 2) X(cbrt, 3) X(sinh, 4) X(cosh, 4) X(tanh, 3)      \
    X(asin, 5) X(acos, 5) X(atan, 4) X(asinh, 5) X(atanh, 5) X(erf, 5) X(erfc, 17) X(tgamma, 128)  \
    X(lgamma, 40) X(floor, 0) X(ceil, 0) X(trunc, 0) X(rint, 0) X(round, 0)

#define KERNEL(name, ulps)                                                                         \
    __global__ void run_##name##f(const float *in, float *out, int n)                              \
    {                                                                                              \
        int i = blockIdx.x * blockDim.x + threadIdx.x;                                             \
        if (i < n)                                                                                 \
            out[i] = name##f(in[i]);                                                               \
    }                                                                                              \
    __global__ void run_##name(const double *in, double *out, int n)                               \
    {                                                                                              \
        int i = blockIdx.x * blockDim.x + threadIdx.x;                                             \
        if (i < n)                                                                                 \
            out[i] = name(in[i]);                                                                  \
    }
FUNCTIONS(KERNEL)

/* In units in the last place of `want`, or of `least` when that is larger. */
template <typename T> static double ulps_between(T got, long double want, T least)
{
    T rounded = (T)want;

    if (std::isnan(got) || std::isnan(rounded))
        return std::isnan(got) && std::isnan(rounded) ? 0 : INFINITY;
    if (std::isinf(got) || std::isinf(rounded))
        return got == rounded ? 0 : INFINITY;
    int exponent;
    std::frexp(std::max(std::fabs(rounded), least), &exponent);
    int lowest = std::numeric_limits<T>::min_exponent;
    long double ulp = std::ldexp(1.0L, std::max(exponent, lowest) - std::numeric_limits<T>::digits);
    return (double)(std::fabs((long double)got - want) / ulp);
}

template <typename T>
static int compare(const char *name, double bound, const std::vector<T> &in,
                   void (*kernel)(const T *, T *, int), long double (*reference)(long double))
{
    int n = (int)in.size();
    std::vector<T> out(n);
    T *device_in, *device_out;
    double worst = 0;
    /* Between its zeros lgamma is a difference of two terms near 1. */
    T least = strcmp(name, "lgamma") == 0 ? 1 : 0;
    int at = 0;

    HIP_OK(hipMalloc(&device_in, n * sizeof(T)));
    HIP_OK(hipMalloc(&device_out, n * sizeof(T)));
    HIP_OK(hipMemcpy(device_in, in.data(), n * sizeof(T), hipMemcpyHostToDevice));
    kernel<<<(n + 255) / 256, 256>>>(device_in, device_out, n);
    HIP_OK(hipMemcpy(out.data(), device_out, n * sizeof(T), hipMemcpyDeviceToHost));
    for (int i = 0; i < n; i++) {
        double ulps = ulps_between<T>(out[i], reference((long double)in[i]), least);
        if (ulps > worst) {
            worst = ulps;
            at = i;
        }
    }
    HIP_OK(hipFree(device_in));
    HIP_OK(hipFree(device_out));
    if (worst > bound + 0.51) {
        fprintf(stderr, "%s%s(%.17g): %.17g, want %.17Lg: %.1f ulp, allowed %.0f\n", name,
                sizeof(T) == 4 ? "f" : "", (double)in[at], (double)out[at],
                reference((long double)in[at]), worst, bound);
        return 1;
    }
    return 0;
}

template <typename T> static std::vector<T> inputs()
{
    std::vector<T> in = {0, (T)-0.0, 1, -1, (T)0.5, (T)-0.5, (T)1.5, (T)2.5, INFINITY, -INFINITY, NAN,
                         std::numeric_limits<T>::min(), std::numeric_limits<T>::denorm_min(),
                         std::numeric_limits<T>::max(), (T)3.14159265358979, (T)1e5, (T)-1e5};
    unsigned long long state = 88172645463325252ULL;

    for (int i = 0; i < 6000; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        double unit = (double)(state >> 11) / 9007199254740992.0;
        in.push_back((T)((unit - 0.5) * 2.0));
        in.push_back((T)((unit - 0.5) * 60.0));
        in.push_back((T)std::exp((unit - 0.5) * 60.0));
    }
    return in;
}



int main()
{
    std::vector<float> floats = inputs<float>();
    std::vector<double> doubles = inputs<double>();
    int bad = 0;

#define RUN(name, ulps)                                                                            \
    bad += compare<float>(#name, ulps, floats, run_##name##f, [](long double x) { return (long double)name##l(x); });     \
    bad += compare<double>(#name, ulps, doubles, run_##name, [](long double x) { return (long double)name##l(x); });
    FUNCTIONS(RUN)
    if (!bad)
        puts("device math: ok");
    return bad != 0;
}
