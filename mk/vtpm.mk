# SPDX-License-Identifier: MIT
# Services with a C library, and the TPM: musl, libcrypto and libtpms come from pinned packages.
#
# TPM_ENGINE chooses the engine: libtpms, or libtpms-0.9 (an older one that an archive keeps longer; its state and its
# measurement are others). It is never chosen for you.

TPM_ENGINE ?= libtpms
ifeq ($(filter $(TPM_ENGINE),libtpms libtpms-0.9),)
$(error TPM_ENGINE is "$(TPM_ENGINE)"; it must be libtpms or libtpms-0.9)
endif

# Links to what the pins and the build of libcrypto gave: names that do not change with versions.
TPM_PARTS := $(B)/parts
TPM_READY := $(TPM_PARTS)/.ready-$(TPM_ENGINE)
MUSL_INCLUDE := $(TPM_PARTS)/musl/usr/include/x86_64-linux-musl
MUSL_LIB := $(TPM_PARTS)/musl/usr/lib/x86_64-linux-musl
TPMS_INCLUDE := $(TPM_PARTS)/libtpms/usr/include

$(TPM_READY): third-party/pins scripts/fetch scripts/build-libcrypto mk/vtpm.mk
	@rm -rf $(TPM_PARTS) && mkdir -p $(TPM_PARTS)
	$(call say,GET,$(TPM_ENGINE))
	$(Q)set -e; engine=$$(scripts/fetch $(TPM_ENGINE)); musl=$$(scripts/fetch musl); crypto=$$(scripts/build-libcrypto); \
		ln -s ../../../$$engine $(TPM_PARTS)/libtpms; ln -s ../../../$$musl $(TPM_PARTS)/musl; \
		ln -s ../../../$$crypto $(TPM_PARTS)/libcrypto
	$(Q)touch $@

# The engine with the functions weakened that services/vtpm/shim.c replaces.
$(B)/obj/libtpms.a: $(TPM_READY)
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)objcopy -D --strip-debug --weaken-symbol=MemoryPad2B $(TPM_PARTS)/libtpms/usr/lib/x86_64-linux-gnu/libtpms.a $@

# libcrypto, with the functions renamed that would execute CPUID, RDTSC, RDRAND or RDSEED: nobody knows the new names, so that
# the link shows that nobody calls them. What libcrypto does need of them is in services/vtpm/shim.c.
CRYPTO_UNUSED := rdtsc ia32_cpuid instrument_bus instrument_bus2 ia32_rdrand_bytes ia32_rdseed_bytes
$(B)/obj/libcrypto.a: $(TPM_READY)
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)cp $(TPM_PARTS)/libcrypto/libcrypto.a $@.tmp
	$(Q)cd $(@D) && ar xo $(notdir $@).tmp libcrypto-lib-x86_64cpuid.o && \
		objcopy -D $(foreach f,$(CRYPTO_UNUSED),--redefine-sym OPENSSL_$(f)=unused_OPENSSL_$(f)) libcrypto-lib-x86_64cpuid.o && \
		ar rD $(notdir $@).tmp libcrypto-lib-x86_64cpuid.o && rm libcrypto-lib-x86_64cpuid.o
	$(Q)mv $@.tmp $@

FLAGS_SERVICE := -D_GNU_SOURCE -fno-pic -mcmodel=small -nostdinc -isystem $(MUSL_INCLUDE) -isystem $(TPMS_INCLUDE) \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fcf-protection=none -msse4.2
$(eval $(call flavour,service,$(FLAGS_COMMON) $(FLAGS_SERVICE)))

rt_objects := $(call objects,service,$(call sources,services/rt,c S))
# They run where there is no thread-local storage yet, or in the middle of a caller who keeps his registers.
$(rt_objects): FLAGS_OF_FILE := -mgeneral-regs-only -fno-stack-protector
vtpm_objects := $(call objects,service,$(call sources,services/vtpm,c))
$(vtpm_objects): FLAGS_OF_FILE := -fstack-protector-strong
$(rt_objects) $(vtpm_objects): | $(TPM_READY)

LIBGCC := $(shell gcc -print-libgcc-file-name)
$(B)/services/vtpm.elf: $(rt_objects) $(vtpm_objects) $(B)/obj/libtpms.a $(B)/obj/libcrypto.a $(TPM_READY)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LD) $(LDFLAGS_SERVICE) --wrap=regexec $(MUSL_LIB)/crti.o $(rt_objects) $(vtpm_objects) --start-group \
		$(B)/obj/libtpms.a $(B)/obj/libcrypto.a $(MUSL_LIB)/libc.a $(LIBGCC) --end-group $(MUSL_LIB)/crtn.o \
		-o $@.full && objcopy --strip-all $@.full $@

# What a Linux guest gets by default.
ARCHIVE_SERVICES := init vtpm
# $(1) archive, $(2) manifest
define vtpm_archive
$(B)/$(1).archive: $(B)/archive $(2) $(foreach s,$(ARCHIVE_SERVICES),$(B)/services/$(s).elf)
	$$(call say,PACK,$$@)
	$$(Q)$(B)/archive -o $$@ manifest=$(2) $(foreach s,$(ARCHIVE_SERVICES),$(s)=$(B)/services/$(s).elf)
services: $(B)/$(1).archive
endef
$(eval $(call vtpm_archive,services,services/manifest))
$(eval $(call vtpm_archive,vtpm-dies,tests/services/vtpm-dies))

# The test payload's services and the TPM: for attacks.
$(B)/attack-tpm.archive: $(B)/archive tests/services/attack-tpm $(B)/services/vtpm.elf $(foreach s,$(BARE_SERVICES),$(B)/services/$(s).elf)
	$(call say,PACK,$@)
	$(Q)$(B)/archive -o $@ manifest=tests/services/attack-tpm $(foreach s,$(BARE_SERVICES) vtpm,$(s)=$(B)/services/$(s).elf)
services: $(B)/attack-tpm.archive

# The same TPM as a program of the host, for tests: the service's objects with another main(), on Linux instead of rt.
mssim_objects := $(call objects,service,$(call sources,tests/tpm,c))
$(mssim_objects): | $(TPM_READY)
$(mssim_objects): FLAGS_OF_FILE := -fstack-protector-strong
$(B)/mssim: $(mssim_objects) $(filter-out %/main.c.o,$(vtpm_objects)) $(B)/obj/libtpms.a $(B)/obj/libcrypto.a $(TPM_READY)
	$(call say,LD,$@)
	$(Q)$(LD) $(LDFLAGS_SERVICE) --wrap=regexec $(MUSL_LIB)/crt1.o $(MUSL_LIB)/crti.o $(filter %.o,$^) --start-group \
		$(B)/obj/libtpms.a $(B)/obj/libcrypto.a $(MUSL_LIB)/libc.a $(LIBGCC) --end-group $(MUSL_LIB)/crtn.o -o $@
services: $(B)/mssim

# ---- unit tests and fuzz targets ----
# The TPM's code on an engine of the tests, or on the real one (the host's libcrypto below it); the runtime by itself.
tpm_front := $(patsubst %,services/vtpm/%.c,tpm failure endorsement memory_store)
uses_tpm = $(if $(call includes,tests/mock/engine.h,$(1)),tests/mock/engine.c $(tpm_front)) \
	$(if $(call includes,tests/tpm/mssim.h,$(1)),tests/tpm/mssim.c) \
	$(if $(call includes,tests/mock/glibc.h,$(1)),tests/mock/glibc.c services/vtpm/libtpms.c $(tpm_front)) \
	$(if $(call includes,services/rt/rt.h,$(1)),services/rt/linux.c services/rt/handles.c)
uses_engine = $(if $(call includes,tests/mock/glibc.h,$(1)),$(B)/obj/libtpms.a)
$(B)/obj/unit/services/vtpm/libtpms.c.o: FLAGS_OF_FILE := -isystem $(TPMS_INCLUDE)
$(B)/obj/unit/services/vtpm/libtpms.c.o: | $(TPM_READY)
