// The one integer type of sizes, and the views that kernels and checks pass around. Nothing here owns memory.
#pragma once

#include <cstdint>

// Small functions that the SIMD text calls are inlined always: a copy of one, compiled for one instruction
// set and kept by the linker for all callers, would be an illegal instruction on other processors.
#define FASTDNN_INLINE inline __attribute__((always_inline))

namespace fastdnn {

// Sizes, strides and offsets, always in elements unless the name says bytes.
// Signed, so that differences are safe.
using Index = std::int64_t;

// Element types of arrays that the engine stores.
enum class Dtype : std::uint8_t { f32, f64, i32 };

constexpr Index size_of(Dtype dtype) {
  return dtype == Dtype::f64 ? 8 : 4;
}

template <class T>
constexpr Dtype dtype_of();
template <>
constexpr Dtype dtype_of<float>() {
  return Dtype::f32;
}
template <>
constexpr Dtype dtype_of<double>() {
  return Dtype::f64;
}
template <>
constexpr Dtype dtype_of<std::int32_t>() {
  return Dtype::i32;
}

// A half-open range of rows, columns or elements.
struct Range {
  Index begin = 0;
  Index end = 0;
  FASTDNN_INLINE constexpr Index size() const { return end - begin; }
  FASTDNN_INLINE constexpr bool empty() const { return end <= begin; }
};

// x (rows, cols), row-major; `stride` elements lie between the starts of two rows.
template <class T>
struct Matrix {
  T* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index stride = 0;

  FASTDNN_INLINE T* row(Index i) const { return data + i * stride; }
  FASTDNN_INLINE operator Matrix<const T>() const { return {data, rows, cols, stride}; }
};

// The rows of `x` that one thread works on.
template <class T>
FASTDNN_INLINE Matrix<T> rows_of(Matrix<T> x, Range rows) {
  return {x.row(rows.begin), rows.size(), x.cols, x.stride};
}

}  // namespace fastdnn
