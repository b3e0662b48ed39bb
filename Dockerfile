# syntax=docker/dockerfile:1
# Builds the server and puts it where the old orthanc-gdt image had Orthanc: same ports, volumes, time zone and environment names.

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
# project files first: the restored packages stay cached until one of them changes
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/Pacs.Dicom/Pacs.Dicom.csproj src/Pacs.Dicom/
COPY src/Pacs.Storage/Pacs.Storage.csproj src/Pacs.Storage/
COPY src/Pacs.Gdt/Pacs.Gdt.csproj src/Pacs.Gdt/
COPY src/Pacs.Web/Pacs.Web.csproj src/Pacs.Web/
RUN dotnet restore src/Pacs.Web
COPY src/ src/
# restores once more what ahead-of-time compilation needs for this image's processor
RUN dotnet publish src/Pacs.Web --configuration Release --output /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
LABEL org.opencontainers.image.title="Pacs" \
      org.opencontainers.image.description="The mini-PACS of a German doctor's office: DICOM, worklist and GDT in one server" \
      org.opencontainers.image.licenses="MIT"
# Local time is the practice's: worklist dates, GDT times and the nightly clean-up depend on it.
ENV TZ=Europe/Berlin \
    DOTNET_EnableDiagnostics=0 \
    LANG=C.UTF-8
COPY --from=build /app /app
COPY deploy/docker/orthanc.json /etc/orthanc/orthanc.json
# The base image's unprivileged user (APP_UID, 1654) owns what the server writes; the program itself stays root's and read-only.
RUN mkdir -p /var/lib/orthanc/db /var/lib/orthanc/worklist /var/lib/orthanc/GdtIncoming \
    && chown -R $APP_UID:$APP_UID /var/lib/orthanc
USER $APP_UID
WORKDIR /var/lib/orthanc
VOLUME ["/var/lib/orthanc/db", "/var/lib/orthanc/worklist", "/var/lib/orthanc/GdtIncoming"]
EXPOSE 4242 8042
# The binary asks itself: no curl in the image. The same settings tell it the port.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["/app/Pacs.Web", "health", "--config", "/etc/orthanc/"]
# SIGTERM finishes the messages in flight; docker's default of 10 s is enough for that.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/Pacs.Web"]
CMD ["--config", "/etc/orthanc/"]
