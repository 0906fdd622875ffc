#include "engine/program.h"

#include <array>
#include <utility>

#include "core/check.h"
#include "kernels/accuracy.h"

namespace fastdnn {
namespace {

constexpr const char* kWhere = "Program";

// Shapes of an operation's tensors by letters: a capital is a size of its own, `n` the batch, `1` one; `i`
// marks integers. Inputs, then the output. A `?` marks an input that may be left out.
struct OpSpec {
  OpKind kind;
  const char* name;
  std::array<const char*, 3> inputs;
  const char* output;
  bool accumulates = false;  // whether it can add to what its output holds
};

constexpr OpSpec kSpecs[] = {
    {OpKind::matmul, "matmul", {"nK", "KM"}, "nM"},
    {OpKind::add_bias, "add_bias", {"nM", "1M"}, "nM"},
    {OpKind::relu, "relu", {"nM"}, "nM"},
    {OpKind::softmax, "softmax", {"nM"}, "nM"},
    {OpKind::normalize, "normalize", {"nM", "1M", "1M"}, "nM"},
    {OpKind::sparse_cross_entropy, "sparse_cross_entropy", {"nM", "n1i"}, "n1"},
    {OpKind::categorical_cross_entropy, "categorical_cross_entropy", {"nM", "nM"}, "n1"},
    {OpKind::squared_error, "squared_error", {"nM", "nM"}, "n1"},
    {OpKind::sparse_accuracy, "sparse_accuracy", {"nM", "n1i"}, "n1"},
    {OpKind::categorical_accuracy, "categorical_accuracy", {"nM", "nM"}, "n1"},
    {OpKind::matmul_dx, "matmul_dx", {"nM", "KM"}, "nK", true},
    {OpKind::matmul_dw, "matmul_dw", {"nK", "nM"}, "KM", true},
    {OpKind::column_sum, "column_sum", {"nM"}, "1M", true},
    {OpKind::relu_backward, "relu_backward", {"nM", "nM"}, "nM", true},
    {OpKind::softmax_backward, "softmax_backward", {"nM", "nM"}, "nM", true},
    {OpKind::normalize_backward, "normalize_backward", {"nM", "1M"}, "nM", true},
    {OpKind::pass_gradient, "pass_gradient", {"nM"}, "nM", true},
    {OpKind::sparse_cross_entropy_backward, "sparse_cross_entropy_backward", {"nM", "n1i", "n1?"}, "nM"},
    {OpKind::categorical_cross_entropy_backward,
     "categorical_cross_entropy_backward",
     {"nM", "nM", "n1?"},
     "nM"},
    {OpKind::squared_error_backward, "squared_error_backward", {"nM", "nM", "n1?"}, "nM"},
};

const OpSpec& spec_of(OpKind kind) {
  for (const OpSpec& spec : kSpecs) {
    if (spec.kind == kind) return spec;
  }
  fail(kWhere, "expected a known operation, got number ", static_cast<int>(kind));
}

std::string shape_text(const Value& value) {
  return "(" + (value.rows == 0 ? std::string("n") : std::to_string(value.rows)) + ", " +
         std::to_string(value.cols) + ")" + (value.integer ? " int32" : "");
}

// Binds the letters of a specification to sizes, tensor after tensor.
class ShapeMatcher {
 public:
  bool matches(const char* spec, const Value& value) {
    const bool integer = spec[2] == 'i';
    return value.integer == integer && bind(spec[0], value.rows) && bind(spec[1], value.cols);
  }

 private:
  bool bind(char letter, Index size) {
    if (letter == 'n') return size == 0;
    if (letter == '1') return size == 1;
    Index& bound = sizes_[letter == 'K' ? 0 : 1];
    if (bound < 0) bound = size;
    return bound == size && size > 0;
  }
  std::array<Index, 2> sizes_{-1, -1};
};

}  // namespace

const char* name_of(OpKind kind) {
  return spec_of(kind).name;
}

OpKind op_kind(const std::string& name) {
  for (const OpSpec& spec : kSpecs) {
    if (name == spec.name) return spec.kind;
  }
  fail(kWhere, "expected a known operation, got '", name, "'");
}

void Program::check_value(int index, const char* what) const {
  check(index >= 0 && index < static_cast<int>(values_.size()), kWhere, "expected ", what, " to be one of ",
        values_.size(), " values, got number ", index);
}

int Program::add_value(Value value) {
  check(value.rows >= 0 && value.cols >= 1, kWhere, "expected at least one column of '", value.name,
        "', got shape ", shape_text(value));
  checked_mul(value.rows, value.cols, kWhere);
  check((value.role == Role::computed) == (value.slot < 0), kWhere,
        "expected a slot for every value that is not ", "computed, got ", value.slot, " for '", value.name,
        "'");
  const bool per_row = value.role == Role::source;
  check(value.role == Role::computed || (value.rows == 0) == per_row, kWhere,
        "expected sources, and only they, to have a row for each example; got ", shape_text(value), " for '",
        value.name, "'");
  check(!value.integer || value.role == Role::source, kWhere, "expected integers to be sources, got '",
        value.name, "'");
  values_.push_back(std::move(value));
  const Role role = values_.back().role;
  written_.push_back(role == Role::source || role == Role::parameter || role == Role::state);
  return static_cast<int>(values_.size()) - 1;
}

int Program::add_op(Op op) {
  const OpSpec& spec = spec_of(op.kind);
  std::size_t most = 0;
  std::size_t least = 0;
  for (const char* input : spec.inputs) {
    if (input == nullptr) break;
    ++most;
    if (std::string(input).back() != '?') ++least;
  }
  check(op.inputs.size() >= least && op.inputs.size() <= most, kWhere, "expected ", least, " to ", most,
        " inputs of ", spec.name, ", got ", op.inputs.size());
  check_value(op.output, "the output");
  ShapeMatcher shapes;
  std::string got;
  bool ok = true;
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    check_value(op.inputs[i], "an input");
    const Value& input = value(op.inputs[i]);
    check(written_[static_cast<std::size_t>(op.inputs[i])], kWhere, "expected '", input.name,
          "' to be computed before ", spec.name, " reads it");
    check(op.inputs[i] != op.output, kWhere, "expected the output of ", spec.name,
          " to be none of its inputs, got '", input.name, "'");
    ok = ok && shapes.matches(spec.inputs[i], input);
    got += shape_text(input) + (i + 1 < op.inputs.size() ? ", " : "");
  }
  const Value& output = value(op.output);
  ok = ok && shapes.matches(spec.output, output);
  check(ok, kWhere, "expected shapes that fit ", spec.name, ", got ", got, " -> ", shape_text(output));
  const bool finds_class = op.kind == OpKind::sparse_accuracy || op.kind == OpKind::categorical_accuracy;
  check(!finds_class || value(op.inputs[0]).cols <= kMostClasses, kWhere, "expected at most ", kMostClasses,
        " classes for ", spec.name, ", got ", value(op.inputs[0]).cols);
  check(output.role == Role::computed || output.role == Role::gradient, kWhere, "expected ", spec.name,
        " to write a computed value or a gradient, got '", output.name, "'");
  const auto out = static_cast<std::size_t>(op.output);
  check(op.accumulate == written_[out], kWhere, "expected '", output.name, "' to be ",
        written_[out] ? "accumulated: it is written already" : "written before it is accumulated");
  check(!op.accumulate || spec.accumulates, kWhere, "expected an operation that can accumulate, got ",
        spec.name, " for '", output.name, "'; let it be the first that writes there");
  written_[out] = true;
  ops_.push_back(std::move(op));
  return static_cast<int>(ops_.size()) - 1;
}

int Program::add_result(Result result) {
  check_value(result.value, "a result");
  const Value& of = value(result.value);
  check(written_[static_cast<std::size_t>(result.value)] && of.rows == 0 && of.cols == 1 && !of.integer,
        kWhere, "expected the result '", result.name, "' to be a computed value of one column, got ",
        shape_text(of));
  if (result.weights >= 0) {
    check_value(result.weights, "the weights of a result");
    const Value& weights = value(result.weights);
    check(weights.role == Role::source && weights.cols == 1 && !weights.integer, kWhere,
          "expected weights to be a source of one column, got ", shape_text(weights));
  }
  results_.push_back(std::move(result));
  return static_cast<int>(results_.size()) - 1;
}

void Program::set_output(int index) {
  check_value(index, "the output");
  const Value& output = value(index);
  check(written_[static_cast<std::size_t>(index)] && output.role == Role::computed && output.rows == 0,
        kWhere, "expected the output to be a computed value with a row for each example, got '", output.name,
        "' ", shape_text(output));
  output_ = index;
}

}  // namespace fastdnn
