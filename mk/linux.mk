# SPDX-License-Identifier: MIT
# Programs that tests put into a Linux guest.

$(B)/mark: $(B)/obj/host/tests/linux/mark.c.o
	$(call say,LD,$@)
	$(Q)$(CC) $(filter-out -pie,$(LDFLAGS_HOST)) -static-pie $< -o $@
tools: $(B)/mark
