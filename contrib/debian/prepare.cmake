# What Debian's policy wants of a package beyond what the install rules say;
# CPack runs this over the files that they made.
set(here ${CMAKE_CURRENT_LIST_DIR})

# CPack only warns, and makes a package that depends on no library.
find_program(shlibdeps dpkg-shlibdeps NO_DEFAULT_PATH PATHS ENV PATH)
if(NOT shlibdeps)
	message(FATAL_ERROR "dpkg-shlibdeps not found; install dpkg-dev "
		"(contrib/packages build package)")
endif()

set(root ${CPACK_TEMPORARY_DIRECTORY})
set(docs ${root}/usr/share/doc/${CPACK_PACKAGE_NAME})

file(COPY ${here}/policy.yaml DESTINATION ${root}/etc/connector-milter)
file(COPY ${here}/copyright DESTINATION ${docs})
file(COPY ${here}/changelog DESTINATION ${docs})
file(RENAME ${docs}/changelog ${docs}/changelog.Debian)

file(GLOB texts ${root}/usr/share/man/man*/*.[1-9] ${docs}/changelog.Debian)
execute_process(COMMAND gzip -9n ${texts} COMMAND_ERROR_IS_FATAL ANY)
