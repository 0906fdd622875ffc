// The serial kernels of what goes into a step and of what is measured on its vectors.
// See kernels/gather.h, embedding.h, csr_matmul.h, penalty.h, norm.h, activity.h.
#pragma once

#include "core/view.h"

namespace fastdnn {

// Element types of the arrays that users feed; b8 is a bool, of which every byte but 0 is true.
enum class SourceType : std::uint8_t { b8, u8, i8, u16, i16, u32, i32, u64, i64, f16, f32, f64 };
constexpr int kSourceTypes = 12;

// Where the entries of a sparse source are, row by row: see kernels/csr_matmul.h.
struct SparseIndex {
  const void* starts = nullptr;   // (rows + 1,) and
  const void* columns = nullptr;  // (count,) int32, or int64 where
  bool wide = false;
  Index count = 0;
};

// x (rows, cols) of some type. Strides are in elements and may be negative. Where `sparse` has starts, `data`
// is contiguous and holds the values of the entries alone.
struct Source {
  const void* data = nullptr;
  SourceType type = SourceType::f32;
  Index rows = 0;
  Index cols = 0;
  Index row_stride = 0;
  Index col_stride = 1;
  SparseIndex sparse{};
};

// (x - mean[j]) / std[j] * scale; without mean or std where they are null.
template <class T>
struct Scaling {
  const T* mean = nullptr;
  const T* std = nullptr;
  T scale = 1;
};

// The distinct ones among n indices, and the places 0..n-1 of each.
struct RowList {
  Index count = 0;                  // of distinct indices
  std::int32_t* indices = nullptr;  // ascending
  std::int32_t* starts = nullptr;   // those of indices[u] are places[starts[u]] to places[starts[u + 1] - 1]
  std::int32_t* places = nullptr;   // ascending for each index
};

// l1 sum |w| + l2 sum w^2 + lq sum |w|^q
struct Penalty {
  double l1 = 0, l2 = 0, lq = 0;
  double q = 1;
};

// Figures of the columns of a block of rows: see kernels/activity.h.
template <class T>
struct ColumnActivity {
  T *sum, *squares, *least, *largest, *zeros, *outside;
};

template <class T>
struct DataKernels {
  // By the type of x. Whether all of y is finite.
  bool (*gather_features[kSourceTypes])(Matrix<T> y, const Source& x, const std::int32_t* order,
                                        const Scaling<T>& scaling);
  void (*embedding)(Matrix<T> y, Matrix<const T> table, const std::int32_t* index, Index per_row);
  // target[u], or where `indices` is given target[indices[u]], for u in `range`.
  void (*embedding_backward)(Matrix<T> target, const std::int32_t* indices, Matrix<const T> dy,
                             const RowList& list, Range range, Index per_row, bool accumulate);
  // y += sum of values[e] w[columns[e]] over e < count.
  void (*csr_row)(T* y, Matrix<const T> w, const std::int32_t* columns, const T* values, Index count);
  // dw[columns[e]] += values[e] dy.
  void (*csr_row_dw)(Matrix<T> dw, const T* dy, const std::int32_t* columns, const T* values, Index count);
  // The penalty; adds its gradient, unless that is null. The second one has the term of lq, too.
  double (*penalty)(T* gradient, const T* w, Index n, const Penalty& terms);
  double (*power_penalty)(T* gradient, const T* w, Index n, const Penalty& terms);
  double (*sum_of_scaled_squares)(const T* x, Index n, double scale);  // sum (scale x)^2
  double (*sum_of_magnitudes)(const T* x, Index n);
  double (*max_abs)(const T* x, Index n);
  void (*column_activity)(const ColumnActivity<T>& of, Matrix<const T> x, T low, T high);
};

}  // namespace fastdnn
