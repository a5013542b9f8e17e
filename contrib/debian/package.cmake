# The Debian package, made by "cmake --build --preset package --target
# package". What is installed is what the install rules say; prepare.cmake
# adds what only a package has.
set(here ${CMAKE_CURRENT_LIST_DIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ${PROJECT_NAME})
set(CPACK_PACKAGE_VENDOR "the connector-milter authors")
set(CPACK_PACKAGE_CONTACT "the connector-milter authors <root@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION "Decides who may relay mail as Exchange does,
with Receive connectors: a listener, a set of client addresses, and what each
kind of client may do there. One policy in YAML is served to Postfix as a
milter and as a policy service, and to Sendmail as a milter; connectorctl
checks it, explains each decision, and replays recorded sessions against it.")
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON)
set(CPACK_PRE_BUILD_SCRIPTS ${here}/prepare.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION mail)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
	"systemd | systemd-standalone-sysusers"
	"systemd | systemd-standalone-tmpfiles")
list(JOIN CPACK_DEBIAN_PACKAGE_DEPENDS ", " CPACK_DEBIAN_PACKAGE_DEPENDS)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postfix | sendmail-bin")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(file conffiles postinst postrm prerm triggers)
	list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${here}/${file})
endforeach()
include(CPack)
