#ifndef TT_JPEG_PLANES_TRANSFORM_H
#define TT_JPEG_PLANES_TRANSFORM_H

#include <stddef.h>
#include <stdint.h>

#include "jpeg_support.h"

// Transforms a block's coefficients to 1, 2, 4 or 8 samples per side, each the mean of those that it represents.
//
// The mean of neighbouring samples of a cosine is again one of the same frequency, but smaller; and N samples can only
// represent N frequencies. So every coefficient is scaled and added to one of N times N sums, and these are
// transformed. Frequencies of which nothing remains go to a separate place after them.

enum {
    TRANSFORM_PLACES = DCTSIZE2 + 1,
    /// Fractional bits of factors and sums.
    TRANSFORM_BITS = 16,
    /// A run may end after the block before it is found to be invalid.
    TRANSFORM_STEPS = DCTSIZE2 + 16,
};

typedef struct transform_step {
    int32_t factor;
    uint32_t place;
} transform_step;

typedef struct transform {
    /// In the order of the file.
    transform_step steps[TRANSFORM_STEPS];
    int side;
} transform;

/// - side: 1, 2, 4 or 8.
void tt_transform_make(transform *made, const JQUANT_TBL *quantization, int side);

/// Writes `side` rows of as many samples. `places` plus `others` are the coefficients times their factors, summed.
void tt_transform_write(const int32_t *places, const int32_t *others, int side, uint8_t *out, size_t stride);

#endif
