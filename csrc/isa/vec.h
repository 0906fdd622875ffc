// The vocabulary of the SIMD text: what a vector type must offer, and the helpers built on that alone.
//
// A kernel text is a template over V, one of the vector types of isa/<unit>.h:
//   V::Scalar, V::Vec, V::Int     element; vector of kLanes elements; vector of integers of the same width
//   V::load/store(p[, x])         whole vectors, any alignment
//   V::Mask, V::first(n)          which elements of a tail are covered: the first n, 0 < n < kLanes
//   V::load_n/store_n(p, [x,] m)  the covered elements; the rest reads as 0 and is not touched
//   V::fma(a, b, c)               a * b + c, in one rounding where the unit has the instruction
//   V::sqrt(a)
//   V::Wide                       vector of 64-bit unsigned integers, whatever the element
//   V::multiply_low(a, b)         the products of the low halves of its lanes
//
// Arithmetic, comparison and selection (`mask ? a : b`) are the compilers' vector extensions.
//
// Everything of the SIMD text is in anonymous namespaces: an inline function that two instruction sets shared
// would be an illegal instruction waiting for its link order. These files include each other and nothing with
// code in it.
#pragma once

#include "core/view.h"

namespace fastdnn {
namespace {

template <class T, int Bytes>
struct VectorTypes {
  typedef T Vec __attribute__((vector_size(Bytes)));
  typedef T Unaligned __attribute__((vector_size(Bytes), aligned(alignof(T)), may_alias));
};

template <class T>
struct IntegerOf;
template <>
struct IntegerOf<float> {
  using Type = std::int32_t;
};
template <>
struct IntegerOf<double> {
  using Type = std::int64_t;
};

// The register tiles of a unit's gemm: how many rows one of 1, 2, ... vectors has.
template <int... kRows>
struct Rows {};

template <class V>
FASTDNN_INLINE typename V::Vec broadcast(typename V::Scalar s) {
  return s - typename V::Vec{};  // s - 0 is s for every s; s + 0 would lose the sign of -0
}

// The larger; the second one where the first is NaN.
template <class Vec>
FASTDNN_INLINE Vec max_of(Vec a, Vec b) {
  return a > b ? a : b;
}

// How much of a vector an access covers: all of it, or the first n elements at the end of a row. A text
// written over one of these serves body and tail.
template <class V>
struct Whole {
  using Vec = typename V::Vec;
  static FASTDNN_INLINE constexpr int count() { return V::kLanes; }
  static FASTDNN_INLINE Vec load(const typename V::Scalar* p) { return V::load(p); }
  static FASTDNN_INLINE void store(typename V::Scalar* p, Vec x) { V::store(p, x); }
  static FASTDNN_INLINE Vec select(Vec x, Vec) { return x; }
};

template <class V>
struct Part {
  using Vec = typename V::Vec;
  int n;
  typename V::Mask mask;
  FASTDNN_INLINE explicit Part(int covered) : n(covered), mask(V::first(covered)) {}
  FASTDNN_INLINE int count() const { return n; }
  FASTDNN_INLINE Vec load(const typename V::Scalar* p) const { return V::load_n(p, mask); }
  FASTDNN_INLINE void store(typename V::Scalar* p, Vec x) const { V::store_n(p, x, mask); }
  // x in the covered elements, `other` in the rest.
  FASTDNN_INLINE Vec select(Vec x, Vec other) const {
    typename V::Int lane{};
    for (int i = 0; i < V::kLanes; ++i) lane[i] = i;
    return lane < n ? x : other;
  }
};

// Calls body(i, Whole) for each whole vector of 0..n-1 and body(i, Part) for the tail, if any.
template <class V, class Body>
FASTDNN_INLINE void for_vectors(Index n, const Body& body) {
  Index i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) body(i, Whole<V>{});
  if (i < n) body(i, Part<V>(static_cast<int>(n - i)));
}

// Sums a row in 64 bytes' worth of virtual lanes: 16 floats or 8 doubles, whatever the width of the unit,
// combined in one fixed tree. So the sum's bits do not depend on the vector width.
template <class V>
class VirtualLanes {
 public:
  FASTDNN_INLINE void add(Index i, typename V::Vec x) { lanes_[i / V::kLanes % kVectors] += x; }

  // Lane l takes in lane l + half, until one is left.
  FASTDNN_INLINE typename V::Scalar total() const {
    typename V::Scalar sums[kCount];
    for (int l = 0; l < kCount; ++l) sums[l] = lanes_[l / V::kLanes][l % V::kLanes];
    for (int half = kCount / 2; half > 0; half /= 2) {
      for (int l = 0; l < half; ++l) sums[l] += sums[l + half];
    }
    return sums[0];
  }

 private:
  static constexpr int kCount = 64 / static_cast<int>(sizeof(typename V::Scalar));
  static constexpr int kVectors = kCount / V::kLanes;
  typename V::Vec lanes_[kVectors] = {};
};

template <class V>
FASTDNN_INLINE typename V::Scalar max_lane(typename V::Vec x) {
  typename V::Scalar best = x[0];
  for (int i = 1; i < V::kLanes; ++i) best = x[i] > best ? x[i] : best;
  return best;
}

}  // namespace
}  // namespace fastdnn
