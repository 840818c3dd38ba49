#ifndef TT_JPEG_REQUANTIZE_H
#define TT_JPEG_REQUANTIZE_H

#include "jpeg_support.h"

/// One component's samples as they lie in memory.
typedef struct jpeg_samples {
    const uint8_t *_Nullable data;
    /// From one sample to the next, and from one row to the next, in bytes.
    size_t step;
    size_t stride;
    uint32_t width;
    uint32_t height;
    /// Of the compressor's tables, the one that it is quantised by.
    int table;
} jpeg_samples;

/// The part of the file's own quantisation by which these samples, which have been quantised once already, change no more
/// than `error` (of 255, in the mean of what is seen): 1 where the file's own tables do, and never less than
/// `JPEG_FINEST`. Judged by some thousand blocks.
double jpeg_requantize_part(
    const jpeg_samples *_Nonnull samples, int count, const struct jpeg_compress_struct *_Nonnull out, bool is_ycc, double error);

/// Makes the compressor's tables finer: to `part` of their mean, and evener, as no frequency is worth more than another
/// where what is already coarse is to be kept as it is. No value grows.
void jpeg_requantize(struct jpeg_compress_struct *_Nonnull out, double part);

#define JPEG_FINEST 0.25

#endif
