#include "engine/feed.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"

namespace fastdnn {
namespace {

const char* name_of(Dtype dtype) {
  return dtype == Dtype::f32 ? "float32" : dtype == Dtype::f64 ? "float64" : "int32";
}

// The number of classes that the labels of a value select from:
// the least width of the predictions they are held against.
Index classes_of(const Program& program, int labels) {
  Index classes = Index{1} << 31;
  for (const Op& op : program.ops()) {
    const bool indexes = op.inputs.size() >= 2 && op.inputs[1] == labels && program.value(labels).integer;
    if (indexes) classes = std::min(classes, program.value(op.inputs[0]).cols);
  }
  return classes;
}

}  // namespace

Feed::Feed(const Program& program, Dtype dtype, const std::vector<SourceArray>& arrays) {
  bool first = true;
  sources_.resize(arrays.size());
  std::size_t fed = 0;
  for (std::size_t i = 0; i < program.values().size(); ++i) {
    const Value& value = program.values()[i];
    if (value.role != Role::source) continue;
    const auto slot = static_cast<std::size_t>(value.slot);
    check(slot < arrays.size() && sources_[slot].data == nullptr, "Feed",
          "expected an array for each source, got ", arrays.size(), "; '", value.name, "' is number ",
          value.slot);
    const SourceArray& array = arrays[slot];
    const Dtype wanted = value.integer ? Dtype::i32 : dtype;
    check(array.dtype == wanted && array.cols == value.cols && array.data != nullptr && array.rows >= 1,
          "Feed", "expected '", value.name, "' as (rows, ", value.cols, ") ", name_of(wanted), ", got (",
          array.rows, ", ", array.cols, ") ", name_of(array.dtype));
    check(first || array.rows == rows_, "Feed", "expected as many rows in every array, got ", rows_, " and ",
          array.rows);
    first = false;
    rows_ = array.rows;
    const Index bytes = checked_mul(array.rows, array.cols * size_of(array.dtype), "Feed");
    const auto* data = static_cast<const std::byte*>(array.data);
    if (value.integer) {
      labels_.emplace_back(bytes);
      std::memcpy(labels_.back().data(), data, static_cast<std::size_t>(bytes));
      data = labels_.back().data();
      const Index classes = classes_of(program, static_cast<int>(i));
      const auto* labels = reinterpret_cast<const std::int32_t*>(data);
      for (Index r = 0; r < array.rows; ++r) {
        check(labels[r] >= 0 && labels[r] < classes, "Feed", "expected labels 0 to ", classes - 1, ", got ",
              labels[r], " in row ", r);
      }
    }
    sources_[slot] = {data, array.cols * size_of(array.dtype)};
    ++fed;
  }
  check(fed == arrays.size(), "Feed", "expected ", fed, " arrays, got ", arrays.size());
}

std::vector<const std::byte*> Feed::at_row(Index first) const {
  std::vector<const std::byte*> rows;
  for (const Source& source : sources_) rows.push_back(source.data + first * source.row_bytes);
  return rows;
}

}  // namespace fastdnn
