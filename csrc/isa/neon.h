// The unit `neon`: 128-bit vectors with fused multiply-add, which every 64-bit ARM processor has. Only what
// vector extensions lack is written with intrinsics.
#pragma once

#include <arm_neon.h>

#include "isa/vec.h"

namespace fastdnn {
namespace {

template <class T>
struct Neon {
  using Scalar = T;
  static constexpr int kBytes = 16;
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

  // There are no masked accesses; at most three elements go one by one.
  using Mask = int;
  static FASTDNN_INLINE Mask first(int n) { return n; }
  static FASTDNN_INLINE Vec load_n(const T* p, Mask n) {
    Vec x{};
    for (int i = 0; i < kLanes - 1; ++i) {
      if (i < n) x[i] = p[i];
    }
    return x;
  }
  static FASTDNN_INLINE void store_n(T* p, Vec x, Mask n) {
    for (int i = 0; i < kLanes - 1; ++i) {
      if (i < n) p[i] = x[i];
    }
  }

  static FASTDNN_INLINE Vec fma(Vec a, Vec b, Vec c) {
    if constexpr (kFloat) {
      return (Vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
    } else {
      return (Vec)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
    }
  }
  static FASTDNN_INLINE Vec sqrt(Vec a) {
    if constexpr (kFloat) {
      return (Vec)vsqrtq_f32((float32x4_t)a);
    } else {
      return (Vec)vsqrtq_f64((float64x2_t)a);
    }
  }

  static FASTDNN_INLINE Wide multiply_low(Wide a, Wide b) {
    return (Wide)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b));
  }
};

// 32 registers, as avx512.
using GemmTiles = Rows<14, 12, 8, 6>;

template <class T>
using Unit = Neon<T>;

}  // namespace
}  // namespace fastdnn
