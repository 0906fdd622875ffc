// The unit `portable`: 128-bit vectors by the compilers' extensions alone. On x86-64 this is SSE2, which
// every such processor has; on aarch64 it is NEON's width.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

template <class T>
struct Portable {
  using Scalar = T;
  static constexpr int kBytes = 16;
  static constexpr int kLanes = kBytes / static_cast<int>(sizeof(T));
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
  // Element by element: there are at most three,
  // and a memcpy of unknown length in an inner loop costs five times more.
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
  // Two roundings: SSE2 has no fused one.
  static FASTDNN_INLINE Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
  static FASTDNN_INLINE Vec sqrt(Vec a) {
    for (int i = 0; i < kLanes; ++i) {
      if constexpr (sizeof(T) == 4) {
        a[i] = __builtin_sqrtf(a[i]);
      } else {
        a[i] = __builtin_sqrt(a[i]);
      }
    }
    return a;
  }

  static FASTDNN_INLINE Wide multiply_low(Wide a, Wide b) {
    return (a & 0xffffffffULL) * (b & 0xffffffffULL);
  }
};

// 16 registers: a 6 x 2 tile of sums, two vectors of B, one of A and one for the product. A tile of one
// vector needs one of B only and takes more rows, to keep as many independent sums in flight.
using GemmTiles = Rows<12, 6, 4>;

template <class T>
using Unit = Portable<T>;

}  // namespace
}  // namespace fastdnn
