// The unit `avx2`: 256-bit vectors with fused multiply-add (Haswell 2013, Zen 2017). Only what vector
// extensions lack is written with intrinsics.
#pragma once

#include <immintrin.h>

#include "isa/vec.h"

namespace fastdnn {
namespace {

template <class T>
struct Avx2 {
  using Scalar = T;
  static constexpr int kBytes = 32;
  static constexpr int kLanes = kBytes / static_cast<int>(sizeof(T));
  static constexpr bool kFloat = sizeof(T) == 4;
  static constexpr bool kOwnMath = false;
  using Vec = typename VectorTypes<T, kBytes>::Vec;
  using Int = typename VectorTypes<typename IntegerOf<T>::Type, kBytes>::Vec;
  using Wide = typename VectorTypes<std::uint64_t, kBytes>::Vec;

  static FASTDNN_INLINE Vec load(const T* p) {
    return *reinterpret_cast<const typename VectorTypes<T, kBytes>::Unaligned*>(p);
  }
  static FASTDNN_INLINE void store(T* p, Vec x) {
    *reinterpret_cast<typename VectorTypes<T, kBytes>::Unaligned*>(p) = x;
  }

  // All bits of a lane where it is covered.
  using Mask = __m256i;
  static FASTDNN_INLINE Mask first(int n) {
    Int lane{};
    for (int i = 0; i < kLanes; ++i) lane[i] = i;
    return (__m256i)(lane < n);
  }
  static FASTDNN_INLINE Vec load_n(const T* p, Mask mask) {
    if constexpr (kFloat) {
      return (Vec)_mm256_maskload_ps(p, mask);
    } else {
      return (Vec)_mm256_maskload_pd(p, mask);
    }
  }
  static FASTDNN_INLINE void store_n(T* p, Vec x, Mask mask) {
    if constexpr (kFloat) {
      _mm256_maskstore_ps(p, mask, (__m256)x);
    } else {
      _mm256_maskstore_pd(p, mask, (__m256d)x);
    }
  }

  static FASTDNN_INLINE Vec fma(Vec a, Vec b, Vec c) {
    if constexpr (kFloat) {
      return (Vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
    } else {
      return (Vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
    }
  }
  static FASTDNN_INLINE Vec sqrt(Vec a) {
    if constexpr (kFloat) {
      return (Vec)_mm256_sqrt_ps((__m256)a);
    } else {
      return (Vec)_mm256_sqrt_pd((__m256d)a);
    }
  }

  static FASTDNN_INLINE Wide multiply_low(Wide a, Wide b) {
    return (Wide)_mm256_mul_epu32((__m256i)a, (__m256i)b);
  }
};

// 16 registers: 6 x 2 sums, two vectors of B and one of A;
// 12 sums hide the latency of 4-5 cycles at two a cycle.
using GemmTiles = Rows<12, 6>;

template <class T>
using Unit = Avx2<T>;

}  // namespace
}  // namespace fastdnn
