/// The inner loops of the resampler: pure arithmetic on memory whose size the caller has checked. They allocate and
/// keep nothing.
///
/// Fixed point: weights have 14 fractional bits and add up to 16,384; sums of rows have 6.
#ifndef TR_RENDERING_H
#define TR_RENDERING_H

#include <stddef.h>
#include <stdint.h>

#include "tr_color.h"

#pragma clang assume_nonnull begin

enum {
    /// The weight of one.
    TR_ONE = 1 << 14,
    /// How many samples after the last one of `sums` the kernels may read (they never affect a result).
    TR_SLACK = 32,
    /// Lists of weights are padded with zeros to a multiple of this.
    TR_GROUP = 16,
};

/// For one output pixel: where its input pixels begin, how many there are, and where their weights begin in the list.
typedef struct tr_window {
    int32_t start;
    int32_t count;
    int64_t offset;
} tr_window;

/// Sets `sums[0 ..< count]` to the weighted sums of `taps` rows of bytes, `stride` bytes apart, at least one.
void tr_sum_rows(
    const uint8_t *rows, size_t stride, const int16_t *weights, size_t taps, int16_t *sums, size_t count);

/// The same for rows of RGBA, `count` pixels of them: colours are multiplied by their alpha first, alpha by 255, and
/// all are a 255th of 64 times that (255 * 255 becomes 16,256).
void tr_sum_rows_rgba(
    const uint8_t *rows, size_t stride, const int16_t *weights, size_t taps, int16_t *sums, size_t count);

/// Weighted sums within a row of sums, rounded to bytes; `sums` begins with the pixel that windows count from.
void tr_filter_gray(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, uint8_t *out);
/// The same with 6 fractional bits, not clipped to 0 and 255.
void tr_filter_gray_deep(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, int16_t *out);
void tr_filter_rgb(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, uint8_t *out);
/// Takes the output of `tr_sum_rows_rgba`, and returns colours that are no longer multiplied by alpha.
void tr_filter_rgba(
    const int16_t *sums, const tr_window *windows, size_t count, const int16_t *weights, uint8_t *out);

/// Whether the AVX2 loops are used. Tests turn them off to compare. Do not call this while a kernel runs.
void tr_use_vectors(int use);

#pragma clang assume_nonnull end

#endif
