# SPDX-License-Identifier: MIT
#
# One non-recursive makefile. Sources are found by wildcards: a new .c or .S file in a room is built without a change
# here. A room that does not exist yet builds nothing.
#
#   make [CC=gcc|clang-19] [MODE=debug|release] [all|monitor|services|nutshell|payload|tools|unit|fuzz|clean]
#
# Output goes to build/<compiler>-<mode>/.

ifeq ($(origin CC),default)
CC := gcc
endif
MODE ?= debug
ifeq ($(filter $(MODE),debug release),)
$(error MODE is "$(MODE)"; it must be debug or release)
endif

B := build/$(notdir $(CC))-$(MODE)
CACHE := .cache
is_clang := $(findstring clang,$(notdir $(CC)))

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
.PHONY: all monitor services nutshell payload tools unit fuzz clean
all: monitor services nutshell payload tools

# Sources of a room, up to four folders deep.
sources = $(sort $(foreach d,$(1),$(foreach e,$(2),$(wildcard $(d)/*.$(e) $(d)/*/*.$(e) $(d)/*/*/*.$(e) $(d)/*/*/*/*.$(e)))))
# Objects of flavour $(1) for sources $(2).
objects = $(patsubst %,$(B)/obj/$(1)/%.o,$(2))

include mk/flags.mk
include mk/bearssl.mk

lib_sources := $(call sources,lib,c)

# ---- flavours: the same source compiled for different programs ----
# $(1) flavour, $(2) its flags. Objects depend on the makefiles, so that changed flags rebuild.
define flavour
$(B)/obj/$(1)/%.c.o: %.c Makefile $(wildcard mk/*.mk)
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)
	$$(Q)$$(CC) $(2) $$(FLAGS_OF_FILE) -MMD -MP -c $$< -o $$@
$(B)/obj/$(1)/%.S.o: %.S Makefile $(wildcard mk/*.mk)
	@mkdir -p $$(@D)
	$$(call say,AS,$$@)
	$$(Q)$$(CC) $(2) $$(FLAGS_OF_FILE) -MMD -MP -c $$< -o $$@
$(B)/obj/$(1)/lib.a: $$(call objects,$(1),$(lib_sources))
	@rm -f $$@
	$$(call say,AR,$$@)
	$$(Q)ar rcsD $$@ $$^
endef

ifdef V
Q :=
say =
else
Q := @
say = @printf '  %-4s %s\n' $(1) $(2)
endif

$(eval $(call flavour,monitor,$(FLAGS_COMMON) $(FLAGS_BARE) -mcmodel=kernel -isystem $(BEARSSL)/inc))
$(eval $(call flavour,nutshell,$(FLAGS_COMMON) $(FLAGS_BARE) -mcmodel=kernel -isystem $(BEARSSL)/inc))
$(eval $(call flavour,payload,$(FLAGS_COMMON) $(FLAGS_BARE) -mcmodel=small))
$(eval $(call flavour,host,$(FLAGS_COMMON) $(FLAGS_HOST)))
$(eval $(call flavour,unit,$(FLAGS_COMMON) $(FLAGS_HOST) $(FLAGS_SANITIZE)))
$(eval $(call flavour,fuzz,$(FLAGS_COMMON) $(FLAGS_HOST) $(FLAGS_SANITIZE) $(FLAGS_FUZZ)))

# gcc would turn the loop of memcpy() into a call of memcpy().
ifeq ($(is_clang),)
$(B)/obj/%/lib/string.c.o: FLAGS_OF_FILE := -fno-tree-loop-distribute-patterns
endif
# Hosted programs use the C library's memcpy() and friends.
hosted_lib_sources := $(filter-out lib/string.c,$(lib_sources))

# ---- monitor ----
monitor_objects := $(call objects,monitor,$(call sources,kernel,c S))
$(monitor_objects): | $(BEARSSL_READY)
$(B)/monitor.elf: $(monitor_objects) $(B)/obj/monitor/lib.a $(B)/obj/bearssl/bearssl.a kernel/monitor.ld
	$(call say,LD,$@)
	$(Q)$(LD) $(LDFLAGS_BARE) --gc-sections -T kernel/monitor.ld $(monitor_objects) --start-group $(B)/obj/monitor/lib.a $(B)/obj/bearssl/bearssl.a --end-group -o $@
ifneq ($(wildcard kernel/monitor.ld),)
monitor: $(B)/monitor.elf
endif

# ---- services in ring 3 ----
include mk/bare.mk
include mk/vtpm.mk
include mk/latency.mk
services: $(foreach s,$(BARE_SERVICES),$(B)/services/$(s).elf) $(B)/services/vtpm.elf

# ---- Nutshell: a flat multiboot image ----
nutshell_objects := $(call objects,nutshell,$(call sources,nutshell,c S))
$(nutshell_objects): | $(BEARSSL_READY)
# Its host hands out certificates of the test root, which are made here.
$(B)/obj/nutshell/nutshell/host/table.S.o: FLAGS_OF_FILE := -Wa,-I$(B)
$(B)/obj/nutshell/nutshell/host/table.S.o: $(B)/certificates.bin
$(B)/certificates.bin: $(B)/testroot nutshell/test-root/ark.pem nutshell/test-root/ask.pem
	$(call say,GEN,$@)
	$(Q)$(B)/testroot nutshell/test-root $@
$(B)/nutshell.elf: $(nutshell_objects) $(B)/obj/nutshell/lib.a $(B)/obj/bearssl/bearssl.a nutshell/nutshell.ld
	$(call say,LD,$@)
	$(Q)$(LD) $(LDFLAGS_BARE) -T nutshell/nutshell.ld $(nutshell_objects) --start-group $(B)/obj/nutshell/lib.a $(B)/obj/bearssl/bearssl.a --end-group -o $@
$(B)/nutshell.bin: $(B)/nutshell.elf
	$(call say,BIN,$@)
	$(Q)objcopy -O binary $< $@
ifneq ($(wildcard nutshell/nutshell.ld),)
nutshell: $(B)/nutshell.bin
endif

# ---- the test payload that runs below the monitor ----
payload_all := $(call objects,payload,$(call sources,tests/guest,c S) lib/string.c lib/format.c)
payload_plain := $(filter-out $(B)/obj/payload/tests/guest/test_%,$(payload_all))
# $(1) program, $(2) its objects
define payload_program
$(B)/$(1).elf: $(2) tests/guest/payload.ld
	$$(call say,LD,$$@)
	$$(Q)$$(LD) $$(LDFLAGS_BARE) -T tests/guest/payload.ld $(2) -o $$@
payload: $(B)/$(1).elf
endef
$(eval $(call payload_program,payload,$(filter-out %/test_vtpm_dies.c.o %/test_attack.c.o,$(payload_all))))
# One file of tests alone, for images with the services that it needs.
one_test = $(payload_plain) $(B)/obj/payload/tests/guest/test_$(1).c.o
$(eval $(call payload_program,vtpm-payload,$(call one_test,vtpm)))
$(eval $(call payload_program,vtpm-dies-payload,$(call one_test,vtpm_dies)))
$(eval $(call payload_program,attest-payload,$(call one_test,attest)))
$(eval $(call payload_program,attack-payload,$(call one_test,attack)))

# ---- host tools ----
host_lib := $(call objects,host,$(hosted_lib_sources))
$(B)/obj/host/hosted.a: $(host_lib)
	@rm -f $@
	$(Q)ar rcsD $@ $^
igvm_objects := $(call objects,host,$(call sources,tools/igvm,c S))
$(foreach f,host unit fuzz,$(B)/obj/$(f)/tools/igvm/recipes.S.o): $(wildcard tools/igvm/recipes/*.recipe)
$(B)/igvm: $(igvm_objects) $(B)/obj/host/hosted.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_HOST) $(igvm_objects) $(B)/obj/host/hosted.a -lcrypto -o $@
testroot_objects := $(call objects,host,$(call sources,tools/testroot,c))
$(B)/testroot: $(testroot_objects)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_HOST) $^ -lcrypto -o $@
verify_objects := $(call objects,host,$(call sources,tools/verify,c))
$(B)/verify: $(verify_objects) $(B)/obj/host/hosted.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_HOST) $^ -lcrypto -o $@
archive_objects := $(call objects,host,$(call sources,tools/archive,c))
$(B)/archive: $(archive_objects) $(B)/obj/host/hosted.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_HOST) $^ -o $@
run_objects := $(call objects,host,$(call sources,tools/run tools/devices,c))
$(B)/run: $(run_objects) $(B)/obj/host/hosted.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_HOST) $(run_objects) $(B)/obj/host/hosted.a -o $@
# Changes every bit of evidence and expects the verifier to refuse it.
flip_objects := $(call objects,host,$(call sources,tests/verify,c) $(filter-out %/main.c,$(call sources,tools/verify,c)))
$(B)/flip: $(flip_objects) $(B)/obj/host/hosted.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_HOST) $^ -lcrypto -o $@
tools: $(B)/flip
include mk/launch.mk
include mk/linux.mk
craft_objects := $(call objects,host,$(call sources,tests/image,c))
$(B)/craft: $(craft_objects) $(B)/obj/host/hosted.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_HOST) $^ -o $@
tools: $(if $(wildcard tools/igvm/main.c),$(B)/igvm) $(B)/archive $(B)/verify $(if $(wildcard tools/run/*.c),$(B)/run) \
	$(if $(wildcard tests/image/*.c),$(B)/craft)

# ---- unit tests and fuzz targets ----
# Linked with all of lib/, and, for what they need of it, with the tools and with the monitor's logic on the
# platform of tests/mock (which stands in for the platform, the windows and the boot code).
mocked_kernel := $(filter-out kernel/mm/window.c kernel/mm/shared.c kernel/proc/entropy.c,$(call sources,kernel/protocol kernel/guest kernel/mm kernel/proc kernel/psp,c))
bench_of = $(filter-out %/main.c,$(call sources,tools/igvm tools/run tools/verify tools/devices tools/archive,c S)) $(hosted_lib_sources) $(mocked_kernel)
$(B)/obj/unit/bench.a: $(call objects,unit,$(bench_of))
	@rm -f $@
	$(Q)ar rcsD $@ $^
$(B)/obj/fuzz/bench.a: $(call objects,fuzz,$(bench_of))
	@rm -f $@
	$(Q)ar rcsD $@ $^
# A program gets the platform that it includes: mock.h for the monitor's logic, nutshell.h for Nutshell's host and
# security processor. Nutshell's files are linked one by one: an archive would mix up those of the same name.
mocked_nutshell := $(filter-out nutshell/host/log.c nutshell/host/launch.c nutshell/host/certificates.c,$(call sources,nutshell/host nutshell/psp,c))
includes = $(shell grep -l '"$(1)"' $(2) 2>/dev/null)
uses_mock = $(if $(call includes,tests/mock/mock.h,$(1)),tests/mock/mock.c $(sort $(wildcard tests/mock/kernel/*.c)) tests/mock/services.c) \
	$(if $(call includes,tests/mock/nutshell.h,$(1)),tests/mock/nutshell.c $(mocked_nutshell)) $(call uses_tpm,$(1))
uses_bearssl = $(if $(call includes,tests/mock/nutshell.h,$(2))$(call includes,tests/mock/mock.h,$(2)),$(B)/obj/$(1)/bearssl.a)
with_bearssl := $(mocked_nutshell) $(filter kernel/psp/%,$(mocked_kernel))
$(call objects,unit,$(with_bearssl)) $(call objects,fuzz,$(with_bearssl)): FLAGS_OF_FILE := -isystem $(BEARSSL)/inc
$(call objects,unit,$(with_bearssl)) $(call objects,fuzz,$(with_bearssl)): | $(BEARSSL_READY)

# $(1) name of the program
define unit_program
$(B)/unit/$(1): $(call objects,unit,tests/unit/test_$(1).c $(call uses_mock,tests/unit/test_$(1).c)) $(B)/obj/unit/bench.a \
	$(call uses_bearssl,unit,tests/unit/test_$(1).c) $(call uses_engine,tests/unit/test_$(1).c)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(LDFLAGS_HOST) $$(FLAGS_SANITIZE) $$^ -lcrypto -o $$@
unit: $(B)/unit/$(1)
endef
define fuzz_program
$(B)/fuzz/$(1): $(call objects,fuzz,tests/fuzz/fuzz_$(1).c $(call uses_mock,tests/fuzz/fuzz_$(1).c)) $(B)/obj/fuzz/bench.a \
	$(call uses_bearssl,fuzz,tests/fuzz/fuzz_$(1).c)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(LDFLAGS_HOST) $$(FLAGS_SANITIZE) -fsanitize=fuzzer $$^ -lcrypto -o $$@
fuzz: $(B)/fuzz/$(1)
endef
unit_names := $(patsubst tests/unit/test_%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
fuzz_names := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
$(foreach n,$(unit_names),$(eval $(call unit_program,$(n))))
ifneq ($(is_clang),)
$(foreach n,$(fuzz_names),$(eval $(call fuzz_program,$(n))))
else
fuzz:
	@echo "fuzz targets need clang: make CC=clang-19 fuzz" >&2; exit 1
endif

clean:
	rm -rf build

-include $(shell test -d $(B)/obj && find $(B)/obj -name '*.d')
