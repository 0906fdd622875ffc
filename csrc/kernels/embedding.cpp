#include "kernels/embedding.h"

#include <algorithm>
#include <utility>

#include "isa/table.h"

namespace fastdnn {
namespace {

constexpr int kDigitBits = 8;
constexpr int kIndexShift = 32;  // a key is an index, and below it the place

// Sorts keys (n,) by their index, places staying in order, and returns where they are: in `keys` or `other`.
// From the lowest digit to the highest that indices below `limit` have.
std::uint64_t* sort_by_index(std::uint64_t* keys, std::uint64_t* other, Index n, Index limit) {
  for (int shift = 0; shift < 32 && ((limit - 1) >> shift) > 0; shift += kDigitBits) {
    const auto digit = [shift](std::uint64_t key) {
      return (key >> (kIndexShift + shift)) & ((1U << kDigitBits) - 1);
    };
    Index ends[1 << kDigitBits] = {};
    for (Index i = 0; i < n; ++i) ++ends[digit(keys[i])];
    Index begin = 0;
    for (Index& end : ends) begin += std::exchange(end, begin);  // now where each digit's keys begin
    for (Index i = 0; i < n; ++i) other[ends[digit(keys[i])]++] = keys[i];
    std::swap(keys, other);
  }
  return keys;
}

// The distinct indices of one thread: those whose first place, in the order of the list, is in its share.
Range share_of(const Team& team, const RowList& list) {
  const std::int32_t* starts = list.starts;
  const std::int32_t* end = starts + list.count;
  const Range places = team.share(*end);
  const auto first_from = [&](Index place) { return std::lower_bound(starts, end, place) - starts; };
  return {first_from(places.begin), first_from(places.end)};
}

template <class T>
void clear_rows(Matrix<T> x, Index begin, Index end) {
  for (Index r = begin; r < end; ++r) std::fill_n(x.row(r), x.cols, T{0});
}

}  // namespace

template <class T>
void embedding(Team& team, Matrix<T> y, Matrix<const T> table, const std::int32_t* index, Index per_row) {
  const Range rows = team.share(y.rows);
  kernels<T>().embedding(rows_of(y, rows), table, index + rows.begin * per_row, per_row);
}

void list_rows(RowList& list, std::uint64_t* scratch, const std::int32_t* index, Index n, Index table_rows) {
  for (Index i = 0; i < n; ++i) {
    scratch[i] = static_cast<std::uint64_t>(index[i]) << kIndexShift | static_cast<std::uint64_t>(i);
  }
  const std::uint64_t* keys = sort_by_index(scratch, scratch + n, n, table_rows);
  list.count = 0;
  for (Index i = 0; i < n; ++i) {
    const auto row = static_cast<std::int32_t>(keys[i] >> kIndexShift);
    list.places[i] = static_cast<std::int32_t>(keys[i]);
    if (i > 0 && row == list.indices[list.count - 1]) continue;
    list.indices[list.count] = row;
    list.starts[list.count] = static_cast<std::int32_t>(i);
    ++list.count;
  }
  list.starts[list.count] = static_cast<std::int32_t>(n);
}

template <class T>
void embedding_backward_rows(Team& team, Matrix<T> rows, Matrix<const T> dy, const RowList& list,
                             Index per_row) {
  kernels<T>().embedding_backward(rows, nullptr, dy, list, share_of(team, list), per_row, false);
}

template <class T>
void embedding_backward(Team& team, Matrix<T> dtable, Matrix<const T> dy, const RowList& list, Index per_row,
                        bool accumulate) {
  const Range mine = share_of(team, list);
  if (!accumulate) {
    for (Index u = mine.begin; u < mine.end; ++u) {
      clear_rows(dtable, u == 0 ? 0 : list.indices[u - 1] + 1, list.indices[u]);
    }
    if (team.rank() == 0) {
      clear_rows(dtable, list.count == 0 ? 0 : list.indices[list.count - 1] + 1, dtable.rows);
    }
  }
  kernels<T>().embedding_backward(dtable, list.indices, dy, list, mine, per_row, accumulate);
}

template void embedding(Team&, Matrix<float>, Matrix<const float>, const std::int32_t*, Index);
template void embedding(Team&, Matrix<double>, Matrix<const double>, const std::int32_t*, Index);
template void embedding_backward_rows(Team&, Matrix<float>, Matrix<const float>, const RowList&, Index);
template void embedding_backward_rows(Team&, Matrix<double>, Matrix<const double>, const RowList&, Index);
template void embedding_backward(Team&, Matrix<float>, Matrix<const float>, const RowList&, Index, bool);
template void embedding_backward(Team&, Matrix<double>, Matrix<const double>, const RowList&, Index, bool);

}  // namespace fastdnn
