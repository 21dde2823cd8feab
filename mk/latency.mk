# SPDX-License-Identifier: MIT
# tpm-latency, for the guest: the vTPM service's objects as an ordinary process, beside a client of /dev/tpm0.

latency_objects := $(call objects,service,$(call sources,tests/latency,c))
$(latency_objects): | $(TPM_READY)
$(latency_objects): FLAGS_OF_FILE := -fstack-protector-strong
$(B)/tpm-latency: $(latency_objects) $(filter-out %/main.c.o,$(vtpm_objects)) $(B)/obj/libtpms.a $(B)/obj/libcrypto.a $(TPM_READY)
	$(call say,LD,$@)
	$(Q)$(LD) $(LDFLAGS_SERVICE) --wrap=regexec $(MUSL_LIB)/crt1.o $(MUSL_LIB)/crti.o $(filter %.o,$^) --start-group \
		$(B)/obj/libtpms.a $(B)/obj/libcrypto.a $(MUSL_LIB)/libc.a $(LIBGCC) --end-group $(MUSL_LIB)/crtn.o \
		-o $@.full && objcopy --strip-all $@.full $@
services: $(B)/tpm-latency
