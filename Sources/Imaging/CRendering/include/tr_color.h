#ifndef TR_COLOR_H
#define TR_COLOR_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// `count` pixels of Y, Cb and Cr of full range (JFIF) with 6 fractional bits to RGB.
void tr_ycc_to_rgb(const int16_t *y, const int16_t *cb, const int16_t *cr, size_t count, uint8_t *out);

#pragma clang assume_nonnull end

#endif
