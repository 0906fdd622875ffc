#include "kernels/csr_matmul.h"

#include <algorithm>
#include <cmath>

#include "isa/table.h"
#include "kernels/gather.h"

namespace fastdnn {
namespace {

constexpr Index kEntries = 256;  // of a block: 3 KiB with double

// Read once each: between a check and the use nobody can change it.
Index index_at(const void* data, bool wide, Index i) {
  if (wide) return __atomic_load_n(static_cast<const std::int64_t*>(data) + i, __ATOMIC_RELAXED);
  return __atomic_load_n(static_cast<const std::int32_t*>(data) + i, __ATOMIC_RELAXED);
}

// Some entries of a row, in types that the serial kernels take.
template <class T>
struct Entries {
  std::int32_t columns[kEntries];
  T values[kEntries];
  Index count = 0;

  // Entries begin to begin + count of all; returns whether they are right.
  bool read(const Source& x, Index begin) {
    static constexpr std::int32_t kFirst = 0;
    Source part = x;
    part.data = static_cast<const std::byte*>(x.data) + begin * item_bytes(x.type);
    part.rows = 1;
    part.cols = count;
    const auto type = static_cast<std::size_t>(x.type);
    bool good = kernels<T>().gather_features[type]({values, 1, count, count}, part, &kFirst, {});
    for (Index i = 0; i < count; ++i) {
      Index column = index_at(x.sparse.columns, x.sparse.wide, begin + i);
      if (column < 0 || column >= x.cols) {
        good = false;
        column = 0;
        values[i] = 0;
      }
      columns[i] = static_cast<std::int32_t>(column);
    }
    return good;
  }

  // Leaves those in these columns, in their order.
  void keep(Range range) {
    Index kept = 0;
    for (Index i = 0; i < count; ++i) {
      columns[kept] = columns[i];
      values[kept] = values[i];
      kept += columns[i] >= range.begin && columns[i] < range.end ? 1 : 0;
    }
    count = kept;
  }
};

// Calls body(entries) for block after block of a row; returns whether all is right. `pause` comes before each.
template <class T, class Pause, class Body>
bool for_entries(const Source& x, Index row, const Pause& pause, const Body& body) {
  const Index begin = index_at(x.sparse.starts, x.sparse.wide, row);
  const Index end = index_at(x.sparse.starts, x.sparse.wide, row + 1);
  if (begin < 0 || end < begin || end > x.sparse.count) return false;
  Entries<T> entries;
  bool good = true;
  for (Index at = begin; at < end; at += kEntries) {
    pause();
    entries.count = std::min(kEntries, end - at);
    good = entries.read(x, at) && good;
    body(entries);
  }
  return good;
}

}  // namespace

template <class T>
bool csr_matmul(Team& team, Matrix<T> y, const Source& x, const std::int32_t* order, Matrix<const T> w,
                const T* bias) {
  const Range rows = team.share(y.rows);
  const auto pause = [&] { team.poll(); };
  bool good = true;
  for (Index r = rows.begin; r < rows.end; ++r) {
    T* row = y.row(r);
    if (bias == nullptr) {
      std::fill_n(row, y.cols, T{0});
    } else {
      std::copy_n(bias, y.cols, row);
    }
    const auto add = [&](const Entries<T>& entries) {
      kernels<T>().csr_row(row, w, entries.columns, entries.values, entries.count);
    };
    good = for_entries<T>(x, order[r], pause, add) && good;
  }
  return good;
}

template <class T>
bool csr_matmul_dw(Team& team, Matrix<T> dw, const Source& x, const std::int32_t* order, Matrix<const T> dy,
                   bool accumulate) {
  const Range mine = team.share(dw.rows);
  const auto pause = [&] { team.poll(); };
  if (!accumulate) {
    for (Index k = mine.begin; k < mine.end; ++k) std::fill_n(dw.row(k), dw.cols, T{0});
  }
  bool good = true;
  for (Index r = 0; r < dy.rows; ++r) {
    const auto add = [&](Entries<T>& entries) {
      entries.keep(mine);
      kernels<T>().csr_row_dw(dw, dy.row(r), entries.columns, entries.values, entries.count);
    };
    good = for_entries<T>(x, order[r], pause, add) && good;
  }
  return good;
}

template <class T>
NonFiniteEntry csr_non_finite(const Source& x, Index row) {
  NonFiniteEntry first;
  const auto look = [&](const Entries<T>& entries) {
    for (Index i = 0; i < entries.count && !first.found; ++i) {
      if (std::isfinite(entries.values[i])) continue;
      first = {true, entries.columns[i], static_cast<double>(entries.values[i])};
    }
  };
  for_entries<T>(x, row, [] {}, look);
  return first;
}

template bool csr_matmul(Team&, Matrix<float>, const Source&, const std::int32_t*, Matrix<const float>,
                         const float*);
template bool csr_matmul(Team&, Matrix<double>, const Source&, const std::int32_t*, Matrix<const double>,
                         const double*);
template bool csr_matmul_dw(Team&, Matrix<float>, const Source&, const std::int32_t*, Matrix<const float>,
                            bool);
template bool csr_matmul_dw(Team&, Matrix<double>, const Source&, const std::int32_t*, Matrix<const double>,
                            bool);
template NonFiniteEntry csr_non_finite<float>(const Source&, Index);
template NonFiniteEntry csr_non_finite<double>(const Source&, Index);

}  // namespace fastdnn
