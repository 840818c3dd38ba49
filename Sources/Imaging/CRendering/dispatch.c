#include "kernels.h"

#include <stdatomic.h>
#include <stdbool.h>

static atomic_bool is_plain = false;

static const tr_kernels *kernels(void) {
#if defined(__x86_64__)
    if (!atomic_load_explicit(&is_plain, memory_order_relaxed) && __builtin_cpu_supports("avx2")) return &tr_avx2;
#endif
    return &tr_plain;
}

void tr_use_vectors(int use) { atomic_store_explicit(&is_plain, use == 0, memory_order_relaxed); }

void tr_sum_rows(
    const uint8_t *rows, size_t stride, const int16_t *weights, size_t taps, int16_t *sums, size_t count) {
    kernels()->sum_rows(rows, stride, weights, taps, sums, count);
}

void tr_sum_rows_rgba(
    const uint8_t *rows, size_t stride, const int16_t *weights, size_t taps, int16_t *sums, size_t count) {
    kernels()->sum_rows_rgba(rows, stride, weights, taps, sums, count);
}

void tr_filter_gray(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, uint8_t *out) {
    kernels()->filter_gray(sums, windows, count, weights, out);
}

void tr_filter_gray_deep(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, int16_t *out) {
    kernels()->filter_gray_deep(sums, windows, count, weights, out);
}

void tr_filter_rgb(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, uint8_t *out) {
    kernels()->filter_rgb(sums, windows, count, weights, out);
}

void tr_filter_rgba(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, uint8_t *out) {
    kernels()->filter_rgba(sums, windows, count, weights, out);
}
