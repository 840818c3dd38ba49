#include "kernels.h"

#include <string.h>

// Rows are summed a stretch at a time, so that the sums stay in the first-level cache.
enum { STRETCH = 512 };

static void sum_rows(
    const uint8_t *rows, size_t stride, const int16_t *weights, size_t taps, int16_t *sums, size_t count) {
    int32_t stretch[STRETCH];
    for (size_t begin = 0; begin < count; begin += STRETCH) {
        size_t length = count - begin < STRETCH ? count - begin : STRETCH;
        memset(stretch, 0, sizeof stretch);
        for (size_t tap = 0; tap < taps; tap++) {
            const uint8_t *row = rows + tap * stride + begin;
            int32_t weight = weights[tap];
            for (size_t i = 0; i < length; i++) stretch[i] += weight * row[i];
        }
        for (size_t i = 0; i < length; i++)
            sums[begin + i] = to_sum((stretch[i] + (1 << (ROW_SHIFT - 1))) >> ROW_SHIFT);
    }
}

static void sum_rows_rgba(
    const uint8_t *rows, size_t stride, const int16_t *weights, size_t taps, int16_t *sums, size_t count) {
    int32_t stretch[STRETCH];
    for (size_t begin = 0; begin < count * 4; begin += STRETCH) {
        size_t length = count * 4 - begin < STRETCH ? count * 4 - begin : STRETCH;
        memset(stretch, 0, sizeof stretch);
        for (size_t tap = 0; tap < taps; tap++) {
            const uint8_t *row = rows + tap * stride + begin;
            int32_t weight = weights[tap];
            for (size_t i = 0; i < length; i += 4) {
                int32_t alpha = row[i + 3];
                for (size_t channel = 0; channel < 3; channel++)
                    stretch[i + channel] += weight * ((row[i + channel] * alpha) >> 1);
                stretch[i + 3] += weight * ((255 * alpha) >> 1);
            }
        }
        for (size_t i = 0; i < length; i++)
            sums[begin + i] = to_sum((stretch[i] + (1 << (ALPHA_SHIFT - 1))) >> ALPHA_SHIFT);
    }
}

static inline int32_t sum_gray(const int16_t *sums, const tr_window *window, const int16_t *weights) {
    const int16_t *at = sums + window->start;
    const int16_t *list = weights + window->offset;
    int32_t sum = 0;
    for (int32_t tap = 0; tap < window->count; tap++) sum += list[tap] * at[tap];
    return sum;
}

static void filter_gray(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, uint8_t *out) {
    for (size_t x = 0; x < count; x++)
        out[x] = to_byte((sum_gray(sums, windows + x, weights) + (1 << (OUT_SHIFT - 1))) >> OUT_SHIFT);
}

static void filter_gray_deep(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, int16_t *out) {
    for (size_t x = 0; x < count; x++)
        out[x] = to_sum((sum_gray(sums, windows + x, weights) + (1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS);
}

static inline void sum_pixel(
    const int16_t *sums, const tr_window *window, int channels, const int16_t *weights, int32_t sum[4]) {
    const int16_t *at = sums + (size_t)window->start * channels;
    const int16_t *list = weights + window->offset;
    memset(sum, 0, 4 * sizeof *sum);
    for (int32_t tap = 0; tap < window->count; tap++)
        for (int channel = 0; channel < channels; channel++) sum[channel] += list[tap] * at[tap * channels + channel];
}

static void filter_rgb(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, uint8_t *out) {
    for (size_t x = 0; x < count; x++) {
        int32_t sum[4];
        sum_pixel(sums, windows + x, 3, weights, sum);
        for (int channel = 0; channel < 3; channel++)
            out[x * 3 + channel] = to_byte((sum[channel] + (1 << (OUT_SHIFT - 1))) >> OUT_SHIFT);
    }
}

static void filter_rgba(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, uint8_t *out) {
    for (size_t x = 0; x < count; x++) {
        int32_t sum[4];
        sum_pixel(sums, windows + x, 4, weights, sum);
        to_rgba(sum, out + x * 4);
    }
}

const tr_kernels tr_plain = {
    sum_rows, sum_rows_rgba, filter_gray, filter_gray_deep, filter_rgb, filter_rgba};
