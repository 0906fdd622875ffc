// The unit `avx512`: 512-bit vectors and mask registers (F, BW, DQ, VL: Skylake-X 2017, Zen 4 2022). Only
// what vector extensions lack is written with intrinsics.
#pragma once

#include <immintrin.h>

#include "isa/vec.h"

namespace fastdnn {
namespace {

template <class T>
struct Avx512 {
  using Scalar = T;
  static constexpr int kBytes = 64;
  static constexpr int kLanes = kBytes / static_cast<int>(sizeof(T));
  static constexpr bool kFloat = sizeof(T) == 4;
  static constexpr bool kOwnMath = true;
  using Vec = typename VectorTypes<T, kBytes>::Vec;
  using Int = typename VectorTypes<typename IntegerOf<T>::Type, kBytes>::Vec;
  using Wide = typename VectorTypes<std::uint64_t, kBytes>::Vec;

  static FASTDNN_INLINE Vec load(const T* p) {
    return *reinterpret_cast<const typename VectorTypes<T, kBytes>::Unaligned*>(p);
  }
  static FASTDNN_INLINE void store(T* p, Vec x) {
    *reinterpret_cast<typename VectorTypes<T, kBytes>::Unaligned*>(p) = x;
  }

  // One bit for each lane.
  using Mask = __mmask16;
  static FASTDNN_INLINE Mask first(int n) { return static_cast<Mask>((1U << static_cast<unsigned>(n)) - 1U); }
  static FASTDNN_INLINE Vec load_n(const T* p, Mask mask) {
    if constexpr (kFloat) {
      return (Vec)_mm512_maskz_loadu_ps(mask, p);
    } else {
      return (Vec)_mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), p);
    }
  }
  static FASTDNN_INLINE void store_n(T* p, Vec x, Mask mask) {
    if constexpr (kFloat) {
      _mm512_mask_storeu_ps(p, mask, (__m512)x);
    } else {
      _mm512_mask_storeu_pd(p, static_cast<__mmask8>(mask), (__m512d)x);
    }
  }

  static FASTDNN_INLINE Vec fma(Vec a, Vec b, Vec c) {
    if constexpr (kFloat) {
      return (Vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
    } else {
      return (Vec)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
    }
  }
  // With a mask of all ones: the plain intrinsic of GCC 12 warns of an uninitialised variable of its own.
  static FASTDNN_INLINE Vec sqrt(Vec a) {
    if constexpr (kFloat) {
      return (Vec)_mm512_maskz_sqrt_ps(0xffff, (__m512)a);
    } else {
      return (Vec)_mm512_maskz_sqrt_pd(0xff, (__m512d)a);
    }
  }

  static FASTDNN_INLINE Wide multiply_low(Wide a, Wide b) {
    return (Wide)_mm512_maskz_mul_epu32(0xff, (__m512i)a, (__m512i)b);
  }
  // The second operand is the result where one is NaN. The compiler makes a comparison and a blend of `x < low ? low : x`.
  static FASTDNN_INLINE Vec clamp(Vec x, Vec low, Vec high) {
    if constexpr (kFloat) {
      const __m512 above = _mm512_maskz_max_ps(0xffff, (__m512)low, (__m512)x);
      return (Vec)_mm512_maskz_min_ps(0xffff, (__m512)high, above);
    } else {
      const __m512d above = _mm512_maskz_max_pd(0xff, (__m512d)low, (__m512d)x);
      return (Vec)_mm512_maskz_min_pd(0xff, (__m512d)high, above);
    }
  }
  static FASTDNN_INLINE Vec scale(Vec x, Int n) {
    if constexpr (kFloat) {
      return (Vec)_mm512_maskz_scalef_ps(0xffff, (__m512)x, (__m512) __builtin_convertvector(n, Vec));
    } else {
      return (Vec)_mm512_maskz_scalef_pd(0xff, (__m512d)x, (__m512d) __builtin_convertvector(n, Vec));
    }
  }
};

// 32 registers: 6 x 4 sums, four vectors of B and one of A, which as a memory operand is broadcast for free.
// Narrower tiles take more rows, to keep as many independent sums in flight,
// but no more than 14: the rows' addresses need registers, too.
using GemmTiles = Rows<14, 12, 8, 6>;

template <class T>
using Unit = Avx512<T>;

}  // namespace
}  // namespace fastdnn
