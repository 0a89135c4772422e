/* SPDX-License-Identifier: MIT
 * Sparse products by Debian's librocsparse (its code objects, not ours) against a CPU reference:
 * csrmv and csrmm in f32 and f64. The matrix is the stiffness matrix of linear finite elements on a
 * jittered triangulation, as solvers meet it: irregular values, symmetric, up to 7 entries a row. */
#include "check.h"

#include <rocsparse/rocsparse.h>

#include <cmath>
#include <map>
#include <vector>

#define SPARSE_OK(call) EXPECT((call) == rocsparse_status_success, "%s", #call)

template <typename T> struct csr {
    int rows;
    std::vector<int> start, column;
    std::vector<T> value;
};

struct point {
    double x, y;
};

static std::vector<point> grid_points(int side)
{
    std::vector<point> points;
    unsigned state = 12345;
    auto jitter = [&state]() {
        state = state * 1664525u + 1013904223u;
        return ((state >> 8) / 16777216.0 - 0.5) * 0.4;
    };

    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            points.push_back({x + jitter(), y + jitter()});
    return points;
}

/* Adds one triangle's 3 x 3 stiffness matrix. */
static void assemble(std::vector<std::map<int, double>> &rows, const std::vector<point> &points,
                     const int corner[3])
{
    double bx[3], by[3], area;

    for (int i = 0; i < 3; i++) {
        const point &p = points[corner[(i + 1) % 3]], &q = points[corner[(i + 2) % 3]];
        bx[i] = p.y - q.y;
        by[i] = q.x - p.x;
    }
    area = 0.5 * std::fabs(bx[0] * by[1] - bx[1] * by[0]);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            rows[corner[i]][corner[j]] += (bx[i] * bx[j] + by[i] * by[j]) / (4 * area);
}

template <typename T> static csr<T> stiffness(int side)
{
    std::vector<point> points = grid_points(side);
    std::vector<std::map<int, double>> rows(points.size());
    csr<T> m = {side * side, {0}, {}, {}};

    for (int y = 0; y + 1 < side; y++)
        for (int x = 0; x + 1 < side; x++) {
            int a = y * side + x, lower[3] = {a, a + 1, a + side},
                upper[3] = {a + 1, a + side + 1, a + side};
            assemble(rows, points, lower);
            assemble(rows, points, upper);
        }
    for (auto &row : rows) {
        for (auto &entry : row) {
            m.column.push_back(entry.first);
            m.value.push_back((T)entry.second);
        }
        m.start.push_back((int)m.column.size());
    }
    return m;
}

template <typename T> static T *upload(const std::vector<T> &host)
{
    T *device;

    HIP_OK(hipMalloc(&device, host.size() * sizeof(T)));
    HIP_OK(hipMemcpy(device, host.data(), host.size() * sizeof(T), hipMemcpyHostToDevice));
    return device;
}

static rocsparse_status csrmv(rocsparse_handle h, int n, int nnz, const float *alpha,
                              rocsparse_mat_descr d, const float *v, const int *s, const int *c,
                              rocsparse_mat_info i, const float *x, const float *beta, float *y)
{
    return rocsparse_scsrmv(h, rocsparse_operation_none, n, n, nnz, alpha, d, v, s, c, i, x, beta, y);
}
static rocsparse_status csrmv(rocsparse_handle h, int n, int nnz, const double *alpha,
                              rocsparse_mat_descr d, const double *v, const int *s, const int *c,
                              rocsparse_mat_info i, const double *x, const double *beta, double *y)
{
    return rocsparse_dcsrmv(h, rocsparse_operation_none, n, n, nnz, alpha, d, v, s, c, i, x, beta, y);
}
static rocsparse_status csrmv_analysis(rocsparse_handle h, int n, int nnz, rocsparse_mat_descr d,
                                       const float *v, const int *s, const int *c, rocsparse_mat_info i)
{
    return rocsparse_scsrmv_analysis(h, rocsparse_operation_none, n, n, nnz, d, v, s, c, i);
}
static rocsparse_status csrmv_analysis(rocsparse_handle h, int n, int nnz, rocsparse_mat_descr d,
                                       const double *v, const int *s, const int *c, rocsparse_mat_info i)
{
    return rocsparse_dcsrmv_analysis(h, rocsparse_operation_none, n, n, nnz, d, v, s, c, i);
}
static rocsparse_status csrmm(rocsparse_handle h, int n, int cols, int nnz, const float *alpha,
                              rocsparse_mat_descr d, const float *v, const int *s, const int *c,
                              const float *b, const float *beta, float *y)
{
    return rocsparse_scsrmm(h, rocsparse_operation_none, rocsparse_operation_none, n, cols, n, nnz,
                            alpha, d, v, s, c, b, n, beta, y, n);
}
static rocsparse_status csrmm(rocsparse_handle h, int n, int cols, int nnz, const double *alpha,
                              rocsparse_mat_descr d, const double *v, const int *s, const int *c,
                              const double *b, const double *beta, double *y)
{
    return rocsparse_dcsrmm(h, rocsparse_operation_none, rocsparse_operation_none, n, cols, n, nnz,
                            alpha, d, v, s, c, b, n, beta, y, n);
}

/* y = alpha A x + beta y in extended precision, with the bound on the rounding error. */
template <typename T>
static void compare(const char *what, const csr<T> &m, int columns, T alpha, T beta,
                    const std::vector<T> &x, const std::vector<T> &before, const std::vector<T> &got)
{
    const double epsilon = sizeof(T) == 4 ? 6e-8 : 1.2e-16;

    for (int col = 0; col < columns; col++)
        for (int row = 0; row < m.rows; row++) {
            long double sum = 0, size = 0;
            for (int i = m.start[row]; i < m.start[row + 1]; i++) {
                long double term = (long double)m.value[i] * x[(size_t)col * m.rows + m.column[i]];
                sum += term;
                size += std::fabs(term);
            }
            size_t at = (size_t)col * m.rows + row;
            long double want = alpha * sum + (long double)beta * before[at];
            long double bound = 16 * epsilon * (std::fabs((long double)alpha) * size + std::fabs((long double)beta * before[at])) + 1e-300L;
            EXPECT(std::fabs(got[at] - want) <= bound, "%s, row %d, column %d: %.12g, want %.12Lg",
                   what, row, col, (double)got[at], want);
        }
}

template <typename T> static void products(const char *name, int side)
{
    const int columns = 5;
    csr<T> m = stiffness<T>(side);
    int n = m.rows, nnz = (int)m.value.size();
    std::vector<T> x((size_t)n * columns), y(x.size()), got(x.size());
    T alpha = (T)1.25, beta = (T)-0.5;
    rocsparse_handle handle;
    rocsparse_mat_descr descr;
    rocsparse_mat_info info;

    for (size_t i = 0; i < x.size(); i++) {
        x[i] = (T)std::sin((double)i);
        y[i] = (T)std::cos((double)i * 0.5);
    }
    SPARSE_OK(rocsparse_create_handle(&handle));
    SPARSE_OK(rocsparse_create_mat_descr(&descr));
    SPARSE_OK(rocsparse_create_mat_info(&info));
    int *start = upload(m.start), *column = upload(m.column);
    T *value = upload(m.value), *dx = upload(x), *dy = upload(y);

    for (int adaptive = 0; adaptive < 2; adaptive++) {
        HIP_OK(hipMemcpy(dy, y.data(), y.size() * sizeof(T), hipMemcpyHostToDevice));
        if (adaptive)
            SPARSE_OK(csrmv_analysis(handle, n, nnz, descr, value, start, column, info));
        SPARSE_OK(csrmv(handle, n, nnz, &alpha, descr, value, start, column,
                        adaptive ? info : nullptr, dx, &beta, dy));
        HIP_OK(hipMemcpy(got.data(), dy, got.size() * sizeof(T), hipMemcpyDeviceToHost));
        compare<T>(adaptive ? "csrmv with analysis" : "csrmv", m, 1, alpha, beta, x, y, got);
    }
    HIP_OK(hipMemcpy(dy, y.data(), y.size() * sizeof(T), hipMemcpyHostToDevice));
    SPARSE_OK(csrmm(handle, n, columns, nnz, &alpha, descr, value, start, column, dx, &beta, dy));
    HIP_OK(hipMemcpy(got.data(), dy, got.size() * sizeof(T), hipMemcpyDeviceToHost));
    compare<T>("csrmm", m, columns, alpha, beta, x, y, got);
    printf("rocSPARSE %s, %d rows, %d entries: ok\n", name, n, nnz);

    SPARSE_OK(rocsparse_destroy_mat_info(info));
    SPARSE_OK(rocsparse_destroy_mat_descr(descr));
    SPARSE_OK(rocsparse_destroy_handle(handle));
    HIP_OK(hipFree(start));
    HIP_OK(hipFree(column));
    HIP_OK(hipFree(value));
    HIP_OK(hipFree(dx));
    HIP_OK(hipFree(dy));
}

int main()
{
    products<float>("f32", 100);
    products<double>("f64", 100);
    return 0;
}
