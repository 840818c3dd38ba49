#ifndef TT_JPEG_BLOCK_H
#define TT_JPEG_BLOCK_H

#include "jpeg_support.h"

/// Cosines and the order of coefficients in a file (zigzag), which all blocks share.
typedef struct jpeg_block_basis {
    float cosines[DCTSIZE2];
    uint8_t order[DCTSIZE2];
} jpeg_block_basis;

void tt_jpeg_block_basis_begin(jpeg_block_basis *_Nonnull basis);

/// The orthonormal DCT of 8 rows of 8 samples, from a row to the next by `stride`: an error of a coefficient is one of
/// the samples.
void tt_jpeg_block_transform(
    const jpeg_block_basis *_Nonnull basis, const uint8_t *_Nonnull samples, size_t stride, float *_Nonnull block);

/// Symbols of the entropy code: a run of zeros and the size of the value behind it.
enum { JPEG_SYMBOLS = 256 };

/// How the blocks of one component are quantised.
typedef struct jpeg_block_quantizer {
    const jpeg_block_basis *_Nonnull basis;
    const UINT16 *_Nonnull steps;
    float inverse_steps[DCTSIZE2];
    /// Bits that each symbol takes.
    double bits[JPEG_SYMBOLS];
    /// Squared error that a bit must save; 0 rounds each coefficient by itself.
    double price;
} jpeg_block_quantizer;

/// One that rounds. No step may be 0.
void tt_jpeg_block_quantizer_begin(
    jpeg_block_quantizer *_Nonnull quantizer, const jpeg_block_basis *_Nonnull basis, const UINT16 *_Nonnull steps);

/// Rounds a block, and returns its squared error. With a price the AC values are those of the least error and bits
/// together: each may be what it is rounded to, one less, or nothing.
double tt_jpeg_block_quantize(
    const jpeg_block_quantizer *_Nonnull quantizer, const float *_Nonnull block, JCOEF *_Nonnull values);

/// Counts the AC symbols of a rounded block.
void tt_jpeg_block_count(
    const jpeg_block_basis *_Nonnull basis, const JCOEF *_Nonnull values, uint32_t *_Nonnull counts);

/// The bits of all these symbols, and of the values that belong to them, in a code that is made for them.
double tt_jpeg_block_bits(const jpeg_block_quantizer *_Nonnull quantizer, const uint32_t *_Nonnull counts);

/// Sets `bits` by how often each symbol was counted.
void tt_jpeg_block_quantizer_learn(jpeg_block_quantizer *_Nonnull quantizer, const uint32_t *_Nonnull counts);

#endif
