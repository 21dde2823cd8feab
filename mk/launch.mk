# SPDX-License-Identifier: MIT
# The tool that starts images on real hosts; its device options are run's, too.

launch_objects := $(call objects,host,$(call sources,tools/launch tools/devices,c))
$(B)/launch: $(launch_objects) $(B)/obj/host/hosted.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_HOST) $^ -o $@
tools: $(B)/launch
