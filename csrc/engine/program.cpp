#include "engine/program.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/check.h"

namespace fastdnn {
namespace {

constexpr const char* kWhere = "Program";

std::string shape_text(const Value& value) {
  return "(" + (value.rows == 0 ? std::string("n") : std::to_string(value.rows)) + ", " +
         std::to_string(value.cols) + ")" +
         (value.integer  ? " int32"
          : value.sparse ? " sparse"
                         : "");
}

// Binds the letters of a specification to sizes, tensor after tensor.
class ShapeMatcher {
 public:
  bool matches(const char* spec, const Value& value) {
    return value.integer == (spec[2] == 'i') && value.sparse == (spec[2] == 's') &&
           bind(spec[0], value.rows) && bind(spec[1], value.cols);
  }
  const Sizes& sizes() const { return sizes_; }

 private:
  bool bind(char letter, Index size) {
    if (letter == 'n') return size == 0;
    if (letter == '1') return size == 1;
    if (sizes_[letter] == 0) sizes_[letter] = size;
    return sizes_[letter] == size && size > 0;
  }
  Sizes sizes_;
};

bool optional(const char* spec) {
  return std::strchr(spec, '?') != nullptr;
}

}  // namespace

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
  check(!value.sparse || (value.role == Role::source && !value.integer && value.cols < Index{1} << 31),
        kWhere, "expected a sparse value to be a source of real numbers, got '", value.name, "'");
  values_.push_back(std::move(value));
  const Role role = values_.back().role;
  written_.push_back(role == Role::source || role == Role::parameter || role == Role::state);
  figures_.push_back(false);
  return static_cast<int>(values_.size()) - 1;
}

void Program::check_count(const Op& op) const {
  const Operation& o = *op.operation;
  const auto needed =
      std::count_if(o.inputs.begin(), o.inputs.end(), [](auto spec) { return !optional(spec); });
  check(op.inputs.size() >= static_cast<std::size_t>(needed) && op.inputs.size() <= o.inputs.size(), kWhere,
        "expected ", needed, " to ", o.inputs.size(), " inputs of ", o.name, ", got ", op.inputs.size());
  check(op.outputs.size() == o.outputs.size(), kWhere, "expected ", o.outputs.size(), " outputs of ", o.name,
        ", got ", op.outputs.size());
}

void Program::check_input(const Op& op, int index) const {
  check_value(index, "an input");
  check(written_[static_cast<std::size_t>(index)], kWhere, "expected '", value(index).name,
        "' to be computed before ", op.operation->name, " reads it");
  check(std::find(op.outputs.begin(), op.outputs.end(), index) == op.outputs.end(), kWhere,
        "expected the output of ", op.operation->name, " to be none of its inputs, got '", value(index).name,
        "'");
  check(!figures_[static_cast<std::size_t>(index)], kWhere, "expected '", value(index).name,
        "', a figure of the step, to be read by results only, got ", op.operation->name);
  // States are updated beside the parameters, which other threads still write then.
  check(!op.operation->updates_state || value(index).role == Role::computed, kWhere,
        "expected computed inputs of ", op.operation->name, ", got '", value(index).name, "'");
}

void Program::check_shapes(const Op& op) const {
  const Operation& o = *op.operation;
  ShapeMatcher shapes;
  std::string got;
  bool ok = true;
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    const bool none = op.inputs[i] == -1;
    got += std::string(i == 0 ? "" : ", ") + (none ? "none" : shape_text(value(op.inputs[i])));
    ok = ok && (none || shapes.matches(o.inputs[i], value(op.inputs[i])));
  }
  got += " -> ";
  for (std::size_t i = 0; i < op.outputs.size(); ++i) {
    const Value& output = value(op.outputs[i]);
    got += (i == 0 ? "" : ", ") + shape_text(output);
    ok = ok && shapes.matches(o.outputs[i], output);
  }
  check(ok, kWhere, "expected shapes that fit ", o.name, ", got ", got);
  const std::string misfit = o.misfit == nullptr ? "" : o.misfit(shapes.sizes(), op.options);
  check(misfit.empty(), kWhere, "expected ", misfit, " for ", o.name, ", got ", got);
}

// Of any number of inputs and outputs, whose shapes whoever makes the call knows.
void Program::check_call(const Op& op) const {
  check(op.call >= 0 && !op.inputs.empty(), kWhere, "expected the number of a call and inputs for ",
        op.operation->name, ", got ", op.call, " and ", op.inputs.size(), " inputs");
  for (const int input : op.inputs) {
    check(!value(input).sparse, kWhere, "expected dense inputs of ", op.operation->name, ", got '",
          value(input).name, "' ", shape_text(value(input)));
  }
}

void Program::check_output(const Op& op, int index) const {
  const Operation& o = *op.operation;
  const Value& output = value(index);
  const bool writable = o.updates_state ? output.role == Role::state
                                        : output.role == Role::computed || output.role == Role::gradient;
  check(writable, kWhere, "expected ", o.name, " to write ",
        o.updates_state ? "a state" : "a computed value or a gradient", ", got '", output.name, "'");
  const bool written = written_[static_cast<std::size_t>(index)] && !o.updates_state;
  check(op.accumulate == written, kWhere, "expected '", output.name, "' to be ",
        written ? "accumulated: it is written already" : "written before it is accumulated");
  check(!op.accumulate || o.accumulates, kWhere, "expected an operation that can accumulate, got ", o.name,
        " for '", output.name, "'; let it be the first that writes there");
}

int Program::add_op(Op op) {
  const Operation& o = *op.operation;
  if (!o.calls) check_count(op);
  for (const int output : op.outputs) {
    check_value(output, "the output");
    check(std::count(op.outputs.begin(), op.outputs.end(), output) == 1, kWhere,
          "expected distinct outputs of ", o.name, ", got '", value(output).name, "' twice");
  }
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    if (op.inputs[i] != -1 || o.calls || !optional(o.inputs[i])) check_input(op, op.inputs[i]);
  }
  for (const double option : op.options)
    check(std::isfinite(option), kWhere, "expected finite options of ", o.name, ", got ", option);
  o.calls ? check_call(op) : check_shapes(op);
  for (const int output : op.outputs) check_output(op, output);
  for (const int output : op.outputs) {
    written_[static_cast<std::size_t>(output)] = true;
    figures_[static_cast<std::size_t>(output)] = o.is_figure;
  }
  ops_.push_back(std::move(op));
  return static_cast<int>(ops_.size()) - 1;
}

int Program::add_result(Result result) {
  check_value(result.value, "a result");
  const Value& of = value(result.value);
  const bool real = !of.integer && !of.sparse;
  const bool figure = figures_[static_cast<std::size_t>(result.value)] && result.weights < 0;
  const bool column = of.rows == 0 && of.cols == 1;
  check(written_[static_cast<std::size_t>(result.value)] && (column || figure) && real, kWhere,
        "expected the result '", result.name, "' to be a computed value of one column, got ", shape_text(of));
  if (result.weights >= 0) {
    check_value(result.weights, "the weights of a result");
    const Value& weights = value(result.weights);
    check(weights.role == Role::source && weights.cols == 1 && !weights.integer && !weights.sparse, kWhere,
          "expected weights to be a source of one column, got ", shape_text(weights));
  }
  results_.push_back(std::move(result));
  return static_cast<int>(results_.size()) - 1;
}

int Program::add_output(int index) {
  check_value(index, "the output");
  const Value& output = value(index);
  check(written_[static_cast<std::size_t>(index)] && output.role == Role::computed && output.rows == 0,
        kWhere, "expected the output to be a computed value with a row for each example, got '", output.name,
        "' ", shape_text(output));
  check(output_slot(index) < 0, kWhere, "expected each output once, got '", output.name, "' twice");
  outputs_.push_back(index);
  return static_cast<int>(outputs_.size()) - 1;
}

void Program::add_watch(Watch watch) {
  check_value(watch.value, "what is watched");
  const Value& of = value(watch.value);
  const bool fits =
      (of.role == Role::computed || of.role == Role::source) && of.rows == 0 && !of.integer && !of.sparse;
  check(written_[static_cast<std::size_t>(watch.value)] && fits, kWhere,
        "expected what is watched to be a value with a row of real numbers for each example, got '", of.name,
        "' ", shape_text(of));
  check(!std::isnan(watch.low) && !std::isnan(watch.high), kWhere, "expected limits that are numbers");
  watches_.push_back(watch);
}

int Program::output_slot(int value) const {
  const auto found = std::find(outputs_.begin(), outputs_.end(), value);
  return found == outputs_.end() ? -1 : static_cast<int>(found - outputs_.begin());
}

}  // namespace fastdnn
